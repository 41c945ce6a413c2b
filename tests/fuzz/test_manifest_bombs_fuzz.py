"""Files that are no manifests, and manifests that mean harm: answered with places, in bounded time and memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml.parser import ParserError

from bluegreen.manifests import ManifestError, read, read_text
from tests.fuzz.bounds import TookTooLong, bounded, calls_in, peak_mib
from tests.fuzz.shapes import ANY_JSON, damaged, deep, edited, written
from tests.fuzz.test_manifests_fuzz import GOOD, TEXTS, check, plugged

pytestmark = pytest.mark.property

__all__ = ["plugged"]
ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("examples/article/as-written", "examples/article/with-load", "examples/demo", "examples")
    for path in (ROOT / folder).glob("*.yaml")
)
REAL = [list(yaml.safe_load_all(path.read_text())) for path in FILES]
LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
BOMBS = {
    "aliases that multiply": LAUGHS,
    "aliases of keys that multiply": "a0: &a0 {x: 1}\n"
    + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}, y: *a{n - 1}}}\n" for n in range(1, 60)),
    "merges without end": "a: &a\n  <<: [*a, *a]\n",
    "deep lists": deep(100_000),
    "deep maps": deep(50_000, "{a: ", "}"),
    "deep blocks": "".join(" " * level + "a:\n" for level in range(1_000)),
    "one key of 1 MB": "x" * 2**20 + ": 1",
    "one quoted key of 1 MB": '"' + "x" * 2**20 + '": 1',
    "one text of 1 MB": "kind: " + "x" * 2**20,
    "one number of 1 MB": "kind: " + "1" * 2**20,
    "the same key again and again": "kind: Rollout\n" * 50_000,
    "very many documents": "---\nkind: Rollout\n" * 20_000,
    "very many anchors": "".join(f"- &a{number} x\n" for number in range(50_000)),
    "very many quotes": "'" * 200_000,
    "very many dashes": "- " * 50_000,
    "very many question marks": "? " * 50_000,
    "very many tags": "!!map " * 50_000,
    "Python's own tags": "kind: !!python/object/apply:os.system [echo harm]\nspec: !!python/name:os.system\n",
    "a tag of one's own": "kind: !harm Rollout\n",
    "a directive": "%YAML 9.9\n%TAG ! tag:x,\n---\nkind: Rollout\n",
    "a tab": "kind:\n\tRollout",
    "a NUL": "kind: Rollout\0",
    "a byte order mark within": "kind: \ufeffRollout",
    "half a character": 'kind: "\\ud800"',
    "binary": "kind: !!binary /////",
    "sixties": "replicas: " + "1:" * 100_000 + "1",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_text_that_means_harm_is_refused_in_bounded_time_and_memory(bomb: str) -> None:
    with bounded():
        assert not check(BOMBS[bomb])
    assert peak_mib(lambda: check(BOMBS[bomb][: 2**17])) < 300


@pytest.mark.parametrize("line", ["- x\n", "a: {b: [1, 2]}\n", "---\nkind: Rollout\n", "kind: Rollout\n"])
def test_twice_the_text_is_at_most_three_times_the_work(line: str) -> None:
    def work(times: int) -> int:
        return calls_in(lambda: check(line * times))

    assert work(1000) <= 3 * work(500)


@pytest.mark.property
@pytest.mark.parametrize("number", range(len(FILES)), ids=[path.parent.name + "/" + path.name for path in FILES])
@given(st.data())
def test_an_example_with_anything_changed_is_answered(number: int, data: st.DataObject) -> None:
    documents = data.draw(edited(REAL[number], ANY_JSON))
    with bounded():
        check("\n---\n".join(json.dumps(one) for one in documents))


@pytest.mark.property
@given(ANY_JSON)
def test_any_yaml_of_any_shape_is_answered(value: Any) -> None:
    check(json.dumps(value))
    check(json.dumps({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": value, "spec": value}))


@pytest.mark.property
@given(st.binary() | st.sampled_from(TEXTS).flatmap(lambda text: damaged(text.encode())) | ANY_JSON.map(written))
def test_any_file_is_answered(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(data)
    with bounded():
        try:
            read(path)
        except ManifestError as error:
            problems = error.problems
        else:
            return
    assert problems
    assert all(problem.file == str(path) for problem in problems)


def test_the_checks_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TookTooLong), bounded(0.2):
        calls_in(lambda: [check(text) for text in GOOD * 1000])
    with monkeypatch.context() as patch:
        patch.setattr("bluegreen.manifests.nodes.yaml.YAMLError", KeyError)
        with pytest.raises(ParserError):
            read_text("a: [")
