"""Whatever is thrown at the reader: a rollout, or our own error whose places are places in the text."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bluegreen.manifests import ManifestError, ManifestProblem, read_text
from bluegreen.manifests.assemble import assemble_analysis
from bluegreen.manifests.files import from_text
from bluegreen.manifests.report import Report
from bluegreen.manifests.source import Mark, split_lines
from bluegreen.spec import Analysis
from tests.manifests.plugged import plug
from tests.test_manifests import EVERY_FIELD
from tests.test_manifests_analysis import BLOCK, ROLLOUT, WHOLE
from tests.test_manifests_hooks import HEAD
from tests.test_manifests_hooks import WHOLE as HOOKS

pytestmark = pytest.mark.property

ROOT = Path(__file__).parents[2]
MINIMAL = (ROOT / "examples" / "minimal.yaml").read_text()
BAD = ROOT / "tests" / "manifests" / "bad"
ANALYSIS = ROLLOUT + BLOCK.strip("\n") + WHOLE
GOOD = [MINIMAL, EVERY_FIELD, ANALYSIS, HEAD + HOOKS]
TEXTS = GOOD + [
    (BAD / f"{name}.yaml").read_text() for name in ("router-mistakes", "analysis-placeholders", "analysis-rules")
]
DOCUMENTS = [list(yaml.safe_load_all(text)) for text in TEXTS]
WORDS = "- | > ' \" { } [ ] : , # & * ! % @ ` ? --- ... <<: &a *a !!str !!binary ~ no 010 1_0 é {{ }}"
FIELDS = "kind List items metadata spec name service probe value env matchExpressions containers template canary"
MORE = "args valueFrom fieldRef secretKeyRef fieldPath metrics templates provider plugin dryRun count successCondition"
ODD = "{{args.token}} {{args.service}} {{revision}} {{args result[0] result .* [a command webhook headers body 5s -1 8"
SNIPPETS = st.sampled_from(
    [
        *WORDS.split(),
        *FIELDS.split(),
        *MORE.split(),
        *ODD.split(),
        "\t",
        "\n",
        "\r",
        " ",
        "\x85",
        "\u2028",
        "\0",
        "\U0001f388",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | SNIPPETS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | SNIPPETS, inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(autouse=True, scope="module")
def plugged() -> Iterator[None]:
    """No test here asks a real provider."""
    with pytest.MonkeyPatch.context() as patch:
        plug(patch)
        yield


def check(text: str) -> bool:
    """Whether the text loads; if not, that what is said of it is ours, and is true of the text."""
    try:
        said = read_text(text, "fuzz.yaml").warnings
        loads = True
    except ManifestError as error:
        said, loads = error.problems + error.warnings, False
    assert loads or said
    lines = split_lines(text.removeprefix("\ufeff"))
    for problem in said:
        assert str(problem).startswith("fuzz.yaml:")
        check_place(problem, lines)
    return loads


def check_place(problem: ManifestProblem, lines: Sequence[str]) -> None:
    """That a place is one in the text."""
    assert problem.line <= len(lines)
    if problem.line:
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
    if problem.text:
        assert len(problem.text) == len(lines[problem.line - 1])


@settings(max_examples=200, deadline=None)
@given(st.text())
@example("\ufeff\ufeff")
@example("\x85a: b")
@example("? a\n: b")
@example("a: &x\n  <<: *x")
def test_any_text_is_answered(text: str) -> None:
    check(text)


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A good manifest with some of its text cut out, doubled, or written over."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        text = text[:start] + draw(SNIPPETS | st.just(text[start:end] * 2) | st.text(max_size=3)) + text[end:]
    return text


@settings(max_examples=200, deadline=None)
@given(mangled())
def test_any_mangled_manifest_is_answered(text: str) -> None:
    check(text)


@st.composite
def rebuilt(draw: st.DrawFn) -> list[Any]:
    """Good documents with a few values, anywhere, replaced by others."""
    documents: list[Any] = json.loads(json.dumps(draw(st.sampled_from(DOCUMENTS))))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = documents
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if not isinstance(place[key], dict | list) or draw(st.integers(0, 4)) == 0:
                place[key] = draw(VALUES)
                break
            place = place[key]
    return documents


@settings(max_examples=200, deadline=None)
@given(rebuilt())
def test_any_value_anywhere_is_answered(documents: list[Any]) -> None:
    check("\n---\n".join(json.dumps(one, ensure_ascii=False) for one in documents))


@settings(max_examples=200, deadline=None)
@given(rebuilt(), st.dictionaries(st.sampled_from(["service", "token", "hash", "version"]), st.text(max_size=5)))
def test_any_template_is_measured_or_answered(documents: list[Any], args: dict[str, str]) -> None:
    """By itself, for no rollout."""
    report = Report()
    text = "\n---\n".join(json.dumps(one, ensure_ascii=False) for one in documents)
    source = from_text(text, "fuzz.yaml", report)
    try:
        found: Analysis | None = assemble_analysis("fuzz.yaml", [source] if source else [], args, report)
        problems: Sequence[ManifestProblem] = ()
    except ManifestError as error:
        found, problems = None, error.problems
    assert bool(problems) != bool(found and found.metrics)
    for problem in problems:
        check_place(problem, split_lines(text))


def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(check(text) for text in GOOD)
    assert not check("")
    monkeypatch.setattr("bluegreen.manifests.nodes._mark", lambda _event: Mark(0, 4000))
    with pytest.raises(AssertionError):
        check("kind: Rollout\n")
