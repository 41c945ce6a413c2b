"""What broken manifests are answered with, and that hostile ones are answered at all."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bluegreen.errors import SpecError
from bluegreen.manifests import ManifestError, load, load_path, read, read_text
from tests.manifests.plugged import plug

BAD = Path(__file__).parent / "manifests" / "bad"
# Manifests that only one backend refuses begin with its name; that backend's tests expect their words.
NAMES = sorted(path.stem for path in BAD.glob("*.yaml") if not path.name.startswith("local-"))
MINIMAL = (Path(__file__).parent.parent / "examples" / "minimal.yaml").read_text()


def said_of(text: str) -> str:
    """What a text is refused with."""
    with pytest.raises(ManifestError) as caught:
        read_text(text, "shop.yaml")
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_manifest_is_answered_in_these_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    plug(monkeypatch)
    with pytest.raises(SpecError) as caught:
        read(f"{name}.yaml")
    assert f"{caught.value}\n" == (BAD / f"{name}.txt").read_text()


def test_there_are_twenty_broken_manifests_and_no_words_without_one() -> None:
    assert len(NAMES) >= 20
    assert {path.stem for path in BAD.glob("*.txt")} <= {path.stem for path in BAD.glob("*.yaml")}


def test_a_problem_says_its_place_as_data() -> None:
    with pytest.raises(ManifestError) as caught:
        load(MINIMAL.replace("  replicas: 2", "  replicas: two"), "shop.yaml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == ("shop.yaml", 7, 13)
    assert (problem.path, problem.text, problem.width) == (("spec", "replicas"), "  replicas: two", 3)


def test_problems_come_in_the_order_of_the_text() -> None:
    """Whatever finds them: the reader, the rollout's own check, or the comparison of documents."""
    text = MINIMAL.replace("replicas: 2", "replicas: -1").replace("selector: {app: shop}", "selector: {app: store}")
    text = text.replace("autoPromotionEnabled", "autoPromote").replace("rolloutRef: {name: shop}", "rolloutRef: {}")
    with pytest.raises(ManifestError) as caught:
        read_text(text)
    lines = [problem.line for problem in caught.value.problems]
    assert lines == sorted(lines)
    assert len(set(lines)) == 5


def test_what_cannot_be_parsed_does_not_hide_what_stands_above_it() -> None:
    said = said_of(MINIMAL.replace("replicas: 2", "replicas: two") + "---\nkind: [\n")
    assert "spec.replicas: expected a whole number" in said
    assert "shop.yaml:50:8: a value is missing here" in said


def test_what_cannot_be_parsed_is_not_said_to_be_missing() -> None:
    rollout, rest = MINIMAL.split("\n---\n", 1)
    said = said_of(f"{rest}\n---\n{rollout.replace('shop-preview', 'prev')}\n---\nkind: [\n")
    assert said.count("shop.yaml:") == 1
    other = MINIMAL.replace("rolloutRef: {name: shop}", "rolloutRef: {name: store}")
    assert said_of(f"{other}---\nkind: [\n").count("shop.yaml:") == 1


def test_a_required_field_misspelt_is_not_said_to_be_missing_too() -> None:
    said = said_of(MINIMAL.replace("activeService", "activeServce"))
    assert said.count("shop.yaml:") == 1
    assert "did you mean activeService?" in said


def test_a_mistake_that_an_alias_repeats_is_said_once() -> None:
    text = MINIMAL.replace("matchLabels: {app: shop}", "matchLabels: &labels {app: shop, on: call}")
    assert said_of(text.replace("labels: {app: shop}", "labels: *labels", 1)).count("shop.yaml:") == 1


def test_a_mistake_in_one_file_does_not_hide_those_in_another(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: [\n")
    (tmp_path / "b.yaml").write_text(MINIMAL.replace("replicas: 2", "replicas: two"))
    with pytest.raises(ManifestError) as caught:
        read(tmp_path)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["a.yaml", "b.yaml"]


def test_warnings_come_with_the_problems() -> None:
    with pytest.raises(ManifestError) as caught:
        read_text("apiVersion: v1\nkind: Secret\n---\n" + MINIMAL.replace("replicas: 2", "replicas: two"))
    assert [warning.message for warning in caught.value.warnings] == [
        "a Secret is no part of a rollout; it was not read"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "        env: [{name: PASSWORD, value: hunter2, vlaue: x}]",
        "        env: [{name: PASSWORD, value: 'hunter2', vlaue: x}]",
        '        env: [{"name": "PASSWORD", "value": "hunter2", "vlaue": x}]',
        "        dbPassword: hunter2: x",
        '        apiToken: "hunter2',
        "        command: app --password=hunter2",
        "        env: [{name: SECRET, value: 0123_hunter2}, {name: PIN, value: 0_1_2_3}]",
    ],
)
def test_no_secret_is_repeated(line: str) -> None:
    said = said_of(MINIMAL.replace("        image: shop:v1\n", f"        image: shop:v1\n{line}\n"))
    assert "hunter2" not in said
    assert "0_1_2_3" not in said


def test_a_password_in_a_url_is_not_repeated() -> None:
    said = said_of(MINIMAL + '  routers: [{service: {}, probe: {url: "http://ann:hunter2@", header: 1}}]\n')
    assert "spec.routers[0].probe.url: not the URL" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "nope.yaml", "nope.yaml: no such file"),
        (lambda folder: folder / "no" / "shop.yaml", "shop.yaml: no such file\n    there is no folder "),
        (lambda folder: folder, ": a folder without .yaml, .yml or .json files"),
        (lambda folder: folder / "a\0b", "embedded null byte"),
        (lambda folder: folder / ("a" * 5000), "File name too long"),
        (lambda folder: Path("/dev/zero"), "/dev/zero: longer than 4 MiB"),
    ],
)
def test_what_is_no_readable_file_is_said_so(make: Callable[[Path], Path], said: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        load_path(make(tmp_path))
    assert said in str(caught.value)


def test_a_misspelt_file_name_is_put_right(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    with pytest.raises(ManifestError, match=r"did you mean .*/shop\.yaml\?"):
        load_path(tmp_path / "shop.yml")


def test_a_file_name_given_as_a_text_is_put_right() -> None:
    with pytest.raises(ManifestError, match="load_path reads files"):
        load("examples/minimal.yaml")


def test_utf_16_is_named_and_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(MINIMAL, encoding="utf-16")
    with pytest.raises(ManifestError, match="written in UTF-16"):
        load_path(path)
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert load_path(path) == load(MINIMAL)


def test_a_byte_that_is_not_utf_8_is_shown_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(MINIMAL.replace("shop:v1", "shop:v1 # café").encode("latin-1"))
    with pytest.raises(ManifestError) as caught:
        load_path(path)
    expected = f"{path}:16:29: not UTF-8: the byte 0xE9 cannot stand here\n    save the file as UTF-8"
    assert str(caught.value) == expected


def test_windows_line_ends_change_nothing() -> None:
    text = MINIMAL.replace("replicas: 2", "replicas: two").replace("\n", "\r\n")
    assert said_of(text) == said_of(text.replace("\r\n", "\n"))
    assert load(MINIMAL.replace("\n", "\r\n")) == load(MINIMAL)


def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    """As a shell's <(...) makes one."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(MINIMAL,), daemon=True)
    writer.start()
    assert load_path(path) == load(MINIMAL)
    writer.join(timeout=10)


HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n"
ASKING = MINIMAL.replace(
    "      activeService: shop\n", "      activeService: shop\n      prePromotionAnalysis: {ASKED}\n"
)
LONG = "a" * 120
WORD = "'{{args.aaaa}}'"
WIDE = ", ".join(["*b0"] * 1000)
HOSTILE = {
    "brackets": "[" * 500_000,
    "braces": "{a: " * 500_000,
    "dashes": "- " * 500_000,
    "question marks": "? " * 500_000,
    "indentation": "\n".join(" " * depth + "a:" for depth in range(2000)),
    "aliases of lists of aliases": f"{HEAD}a: &b0 [{'x, ' * 1000}]\nb: &b1 [{WIDE}]\nc: [{WIDE.replace('b0', 'b1')}]\n",
    "aliases nested": HEAD + "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300)),
    "merges of merges": HEAD
    + "a0: &a0 {k: 1}\n"
    + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 300)),
    "very many words": f"{HEAD}a: [{'x, ' * 110_000}]\n",
    "a long merge list, often": HEAD + f"l: &l [{'{}, ' * 9000}]\nm: [{'{<<: *l}, ' * 9000}]\n",
    "a long list, often": "apiVersion: v1\nkind: List\nitems:\n- &a {apiVersion: v1, kind: Service, x: ["
    + "1, " * 9000
    + "]}\n"
    + "- *a\n" * 9000,
    "unknown fields": f"{HEAD}metadata: {{name: shop}}\nspec:\n" + "".join(f"  replicaz{n}: 1\n" for n in range(5000)),
    "unknown fields of a container": MINIMAL.replace(
        "image: shop:v1", "image: shop:v1" + "".join(f"\n        imagee{n}: 1" for n in range(5000))
    ),
    "repeated fields": f"{HEAD}metadata: {{name: shop}}\nspec:\n" + "  replicas: 1\n" * 5000,
    "containers of one name": MINIMAL.replace("containers:", "containers:" + "\n      - name: shop" * 5000),
    "ports": MINIMAL.replace("  ports:", "  ports:" + "".join(f"\n  - port: {n}" for n in range(9000, 14_000)), 1)
    + "  onFailure: no\n",
    "routers": MINIMAL + "  routers:\n" + "".join(f"  - {{service: {{}}, name: r{n}}}\n" for n in range(5000)),
    "rollouts of one name": "---\n".join([MINIMAL.split("\n---\n")[0] + "\n"] * 150),
    "words with two meanings": f"{HEAD}metadata: {{name: shop, annotations: [{'no, ' * 20_000}]}}\n",
    "digits": f"{HEAD}spec: {{replicas: {'9' * 1_000_000}}}\n",
    "digits and underscores": f"{HEAD}spec: {{replicas: {'1_' * 1_000_000}}}\n",
    "a long key": f"{HEAD}{'k' * 1_000_000}: 1\n",
    "a long line of secrets": f"{HEAD}spec: {{" + "value: " * 100_000 + "\n",
    "a long name": f"{HEAD}metadata: {{name: {'a.' * 1_000_000}}}\n",
    "megabytes": "a: b\n" * 2_000_000,
    "templates that name each other": "---".join(
        f"\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: t{n}}}\n"
        f"spec: {{templates: [{', '.join(f'{{templateName: t{m}}}' for m in range(60) if m != n)}]}}\n"
        for n in range(60)
    )
    + "---\n"
    + ASKING.replace("ASKED", "templates: [{templateName: t0}]"),
    "very many metrics": ASKING.replace("ASKED", f"metrics: [{'{name: up, provider: {function: {}}}, ' * 9000}]"),
    "very many arguments": ASKING.replace("ASKED", f"args: [{'{name: a, valueFrom: {}}, ' * 15_000}]"),
    "very many templates that are not there": ASKING.replace(
        "ASKED", f"templates: [{', '.join(f'{{templateName: t{n}}}' for n in range(15_000))}]"
    )
    + "".join(
        f"---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: template{n}}}\nspec: {{}}\n"
        for n in range(1000)
    ),
    "very many metrics that are not there": ASKING.replace(
        "ASKED", f"metrics: [{', '.join(f'{{name: m{n}, provider: {{function: {{}}}}}}' for n in range(100))}]"
    )
    + f"  metrics: {{{', '.join(f'mm{n}: {{}}' for n in range(20_000))}}}\n",
    "very many arguments that are not there": ASKING.replace(
        "ASKED",
        f"metrics: [{{name: {''.join(f'{{{{args.a{n}}}}}' for n in range(100))!r}, provider: {{function: "
        f"{{x: [{', '.join([WORD] * 20_000)}]}}}}}}], "
        f"args: [{', '.join(f'{{name: a{n}, value: a}}' for n in range(100))}]",
    ),
    "placeholders": ASKING.replace(
        "ASKED", "metrics: [{name: up, provider: {function: {x: '" + "{{args.a}}" * 200_000 + "'}}}]"
    ),
    "braces that begin nothing": ASKING.replace(
        "ASKED", "metrics: [{name: up, provider: {function: {x: '" + "{{revision}}" * 100_000 + "{{'}}}]"
    ),
    "patterns that take long": ASKING.replace(
        "ASKED",
        f"metrics: [{', '.join(f'{{name: {n}{LONG}, provider: {{function: {{}}}}}}' for n in range(100, 200))}], "
        f"dryRun: [{', '.join(f'{{metricName: (a*)*(a|a)*b{n}}}' for n in range(100))}]",
    ),
    "very many patterns": ASKING.replace(
        "ASKED",
        f"metrics: [{{name: {LONG * 5}, provider: {{function: {{}}}}}}], "
        f"dryRun: [{', '.join(f'{{metricName: a*a*b{n}}}' for n in range(5000))}]",
    ),
    "a pattern without end": ASKING.replace(
        "ASKED",
        f"metrics: [{{name: a, provider: {{function: {{}}}}}}], dryRun: [{{metricName: '{'(a*)*' * 100_000}'}}]",
    ),
    "a condition without end": ASKING.replace(
        "ASKED", f"metrics: [{{name: up, successCondition: '{'(' * 100_000}', provider: {{function: {{}}}}}}]"
    ),
    "a path without end": ASKING.replace(
        "ASKED",
        "metrics: [{name: up, provider: {function: {x: '{{args.a}}'}}}], "
        f"args: [{{name: a, valueFrom: {{fieldRef: {{fieldPath: '{'a.' * 500_000}'}}}}}}]",
    ),
    "very many hooks": f"{MINIMAL}  hooks: {{beforePreview: [{'{name: a}, ' * 9000}]}}\n",
    "very much of a hook": MINIMAL
    + f"  hooks: {{beforePreview: [{{name: a, command: ['{'{{' * 500_000}{{{{args.a}}}}']}}]}}\n",
    "surrogates": "a: \ud800",
    "control characters": "a: \x1b[2J",
}


BOUNDS = {
    "brackets": "nested more than 100 deep",
    "aliases of lists of aliases": "aliases multiply this to more than 100000 values",
    "aliases nested": "aliases nest this more than 100 deep",
    "merges of merges": "merges more than 100 mappings",
    "very many words": ": more than 100000 values",
    "repeated fields": "... and more",
    "templates that name each other": "a template that names itself: t0 -> t1 -> t0",
    "very many metrics": "more than 100 metrics in one analysis",
    "very many arguments": "more than 100 arguments",
    "very many templates that are not there": "... and more",
    "very many metrics that are not there": "no metric of this rollout's analyses",
    "very many arguments that are not there": 'there is no argument "aaaa"',
    "placeholders": 'there is no argument "a"',
    "braces that begin nothing": "begins a placeholder",
    "patterns that take long": "no metric of this analysis has such a name",
    "a pattern without end": "not a pattern: it has 500000 characters",
    "very many patterns": "more than 100 rules",
    "a path without end": "expected a place in the Rollout",
    "very many hooks": "more than 100 hooks",
    "very much of a hook": "a hook has no arguments",
    "megabytes": "longer than 4 MiB",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_text_is_refused_soon_and_briefly(kind: str) -> None:
    """The bound is for a busy machine and a traced run: an explosion would take hours, or the process with it."""
    begun = time.monotonic()
    said = said_of(HOSTILE[kind])
    assert time.monotonic() - begun < 40
    assert len(said) < 60_000
    assert BOUNDS.get(kind, "") in said
