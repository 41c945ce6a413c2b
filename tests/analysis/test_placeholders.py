"""`{{args.NAME}}` and `{{revision}}`: found strictly, filled in once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.placeholders import Placeholder, PlaceholderError, filled, placeholders
from bluegreen.spec import JSON


def test_placeholders_are_found_with_their_places() -> None:
    text = "a {{args.one}} {{ revision }}{{args.two-b.c_d}}"
    assert list(placeholders(text)) == [
        Placeholder("args.one", 2, 14),
        Placeholder("revision", 15, 29),
        Placeholder("args.two-b.c_d", 29, 47),
    ]
    assert [text[one.begin : one.end] for one in placeholders(text)][1] == "{{ revision }}"
    assert list(placeholders("}} { {x} %}")) == []


@pytest.mark.parametrize(
    ("text", "index", "message"),
    [
        ("up {{args.one", 3, "{{ begins a placeholder, and nothing ends it"),
        ("{{}}", 0, "{{}} is no placeholder: {{args.NAME}} and {{revision}} are"),
        ("{{args}}", 0, "{{args}} is no placeholder: {{args.NAME}} and {{revision}} are"),
        ("{{args.}}", 0, "{{args.}} is no placeholder: {{args.NAME}} and {{revision}} are"),
        ("{{args.a-}}", 0, "{{args.a-}} is no placeholder: {{args.NAME}} and {{revision}} are"),
        ("{{args.ä}}", 0, "{{args.ä}} is no placeholder: {{args.NAME}} and {{revision}} are"),
        ("{{revision}} {{steps.x}}", 13, "{{steps.x}} is no placeholder: {{args.NAME}} and {{revision}} are"),
        ("{{" + "a" * 60 + "}}", 0, "{{" + "a" * 40 + "…}} is no placeholder: {{args.NAME}} and {{revision}} are"),
    ],
)
def test_what_begins_no_placeholder_is_refused_at_its_place(text: str, index: int, message: str) -> None:
    with pytest.raises(PlaceholderError) as caught:
        list(placeholders(text))
    assert (caught.value.index, str(caught.value)) == (index, message)


KNOWN = {"args.one": "{{args.two}}", "args.two": "2", "revision": "abc"}


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("{{args.one}} {{ args.two }} {{revision}}", "{{args.two}} 2 abc"),
        ("{{args.unknown}} {{args.two}}", "{{args.unknown}} 2"),
        ("plain", "plain"),
        ("{{args.two}} {{steps}} {{args.two}}", "2 {{steps}} {{args.two}}"),
        (["{{args.two}}", {"{{args.two}}": "{{args.two}}"}], ["2", {"{{args.two}}": "2"}]),
        (("{{args.two}}",), ["2"]),
        (1.5, 1.5),
        (None, None),
    ],
)
def test_what_is_known_is_filled_in_once(value: JSON, result: JSON) -> None:
    """What an argument brings is never looked at again; keys and unknown names are left alone."""
    assert filled(value, KNOWN) == result


@given(st.text("{}args.ein o", max_size=40))
def test_filling_in_nothing_changes_nothing(text: str) -> None:
    assert filled(text, {}) == text
