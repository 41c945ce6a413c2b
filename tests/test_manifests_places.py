"""Where in the manifest a character of a text is shown, however the text is written and whatever was filled in."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bluegreen.conditions import ConditionError
from bluegreen.manifests import ManifestError, load
from bluegreen.manifests.nodes import MapNode, ScalarNode, documents
from bluegreen.manifests.place import place_of
from bluegreen.manifests.report import Report
from bluegreen.manifests.source import Source
from tests.manifests.plugged import plug
from tests.test_manifests_analysis import ROLLOUT

STYLES = {
    "plain": ("k: result[0] > x@y and more", "k: result[0] > x"),
    "plain, folded": ("k: result[0] >\n   x@y", "   x"),
    "single quotes": ("k: 'it''s x@y'", "k: 'it''s x"),
    "double quotes": (r'k: "\"\x41\u00e9\U0001F388\t\\ x@y"', r'k: "\"\x41\u00e9\U0001F388\t\\ x'),
    "double quotes, folded": ('k: "one \\\n  two\n\n  x@y"', "  x"),
    "a block": ("k: |\n\n    result\n      > x@y\n", "      > x"),
    "a block that is folded": ("k: >-  # so\n  result\n  > x@y\n", "  > x"),
    "a block with a mark": ("k: |1\n  result\n  x@y\n", "  x"),
}


def node_of(text: str) -> tuple[Source, ScalarNode]:
    """The value of a mapping's only field."""
    source, report = Source("t", text), Report()
    (root,) = documents(source, report)
    assert isinstance(root, MapNode)
    ((_, value),) = root.pairs
    assert isinstance(value, ScalarNode)
    return source, value


@pytest.mark.parametrize("style", STYLES)
def test_a_character_is_shown_where_it_is_written(style: str) -> None:
    text, before = STYLES[style]
    source, node = node_of(text)
    mark = place_of(source, node, node.word.index("@"))
    assert mark is not None
    assert source.lines[mark.line][: mark.column] == before


def test_past_the_end_is_just_behind_the_last_character() -> None:
    source, node = node_of("k: |\n  result >\n")
    mark = place_of(source, node, len(node.word))
    assert (mark and (mark.line, mark.column)) == (1, 10)


@pytest.mark.parametrize("text", ["k: !!str &a abc", "k: ''", "k: &a 'abc'"])
def test_what_is_unclear_is_not_shown(text: str) -> None:
    source, node = node_of(text)
    assert place_of(source, node, 1) is None


WORDS = st.text("ab'\"\\ \n\té#:{}[]|>%@`&*!,?-\U0001f388\x85\xa0\u2028", max_size=20)


@settings(max_examples=300, deadline=None)
@given(WORDS, st.sampled_from(["'", '"', "|", ">", None, "json"]), st.integers(0, 3))
def test_every_character_of_any_text_is_found_or_left_alone(word: str, style: str | None, width: int) -> None:
    text = (
        json.dumps({"k": word}, ensure_ascii=False)
        if style == "json"
        else yaml.safe_dump({"k": word}, default_style=style, width=[4, 10, 30, 1000][width], allow_unicode=bool(width))
    )
    source, node = node_of(text)
    places = []
    for index, char in enumerate(node.word):
        mark = place_of(source, node, index)
        if char.isspace() or mark is None:
            continue
        places.append((mark.line, mark.column))
        written = source.lines[mark.line][mark.column : mark.column + mark.width]
        assert written == char or (node.style in ("'", '"') and len(written) > 1)
    assert places == sorted(set(places))
    assert bool(places) == bool(node.word.strip()), "nothing was found at all"


@pytest.mark.parametrize(
    ("condition", "line", "column", "shown"),
    [
        ("result[0] @", 1, 11, "successCondition: result[0] "),
        ("'result == ''@'''", 1, 12, "successCondition: 'result == ''"),
        ("result[0] > {{args.limit}} @", 1, 18, "successCondition: result[0] > {{args.limit}} "),
        ("result[0] > {{args.limit}}", 1, 15, "successCondition: result[0] > "),
        (
            "result[{{args.limit}}] > {{args.limit}}.5@",
            1,
            22,
            "successCondition: result[{{args.limit}}] > {{args.limit}}.5",
        ),
        ("|\n            result[0] >\n              {{args.limit}} && @", 2, 10, "              {{args.limit}} && "),
        ("result", 9, 9, "successCondition: result"),
    ],
)
def test_a_condition_is_shown_where_it_is_wrong(
    condition: str, line: int, column: int, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines and columns are of the condition with its arguments: what they brought in is shown at their placeholder."""

    def compiled(source: str) -> None:
        raise ConditionError("a strange character", source, line, column, "remove it")

    plug(monkeypatch)
    monkeypatch.setattr("bluegreen.manifests.analysis.metric.compiled", compiled)
    block = "        args: [{name: limit, value: '0.99'}]\n        metrics:\n        - name: up\n"
    provider = "          provider: {web: {url: '{{args.limit}}'}}\n"
    with pytest.raises(ManifestError) as caught:
        load(f"{ROLLOUT}{block}{provider}          successCondition: {condition}\n")
    (problem,) = caught.value.problems
    assert problem.text[: problem.column - 1].strip() == shown.strip()
    assert problem.message.startswith("a strange character")
    assert ("(with its arguments: " in problem.message) == ("{{" in condition)
    assert problem.remedy == "remove it"
