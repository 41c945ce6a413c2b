"""Durations, quantities and the meaning of unquoted words."""

import re
from decimal import Decimal

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bluegreen.manifests import UnitError, duration_s, int_or_string, quantity
from bluegreen.manifests.scalars import Unclear, meaning


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("2.s", 2),
        ("500ms", 0.5),
        ("1h0m0.25s", 3600.25),
        ("10us", 1e-5),
        ("10µs", 1e-5),
        ("3ns", 3e-9),
        ("-1m", -60),
        ("+1m", 60),
        ("0", 0),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "1", "30 s", "1d", "1h 30m", "1..5s", "--1s", "1e3s", "٣s", "9" * 5000 + "s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        duration_s(text)


def test_a_duration_beyond_gos_reach_is_refused() -> None:
    assert duration_s("2562047h") > 9e9
    with pytest.raises(UnitError, match="too long"):
        duration_s("2562048h")


def test_a_number_without_a_unit_is_told_which_unit() -> None:
    with pytest.raises(UnitError) as caught:
        duration_s("30")
    assert caught.value.remedy == "write 30s"


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("500m", "0.5"),
        ("512Mi", 512 * 2**20),
        ("1Gi", 2**30),
        ("1.5Gi", 1.5 * 2**30),
        ("2k", 2000),
        ("1E", 10**18),
        ("1E3", 1000),
        ("1e3", 1000),
        ("12e-1", "1.2"),
        ("100n", "1e-7"),
        ("-1u", "-1e-6"),
        ("1Ei", 2**60),
        (2, 2),
        (0.5, "0.5"),
    ],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(value: str | float, amount: str | float) -> None:
    assert quantity(value) == Decimal(amount)


@pytest.mark.parametrize(
    "value", ["", "half", "1 core", "512MB", "1Ki i", "1K", "Mi", "1e9999", "9" * 100, True, None, [1]]
)
def test_what_is_no_quantity_is_refused(value: object) -> None:
    with pytest.raises(UnitError):
        quantity(value)


def test_megabytes_are_told_both_spellings() -> None:
    with pytest.raises(UnitError) as caught:
        quantity("512MB")
    assert caught.value.remedy == "write 512M (powers of 1000) or 512Mi (powers of 1024)"


def test_an_int_or_string_is_either() -> None:
    assert int_or_string(80) == 80
    assert int_or_string("25%") == "25%"
    for value in (True, 1.5, None, object()):
        with pytest.raises(UnitError):
            int_or_string(value)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("-1.5e+3", -1500.0),
        ("shop", "shop"),
        ("1.2.3", "1.2.3"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("8080:80", "8080:80"),
        ("2026-03-30", "2026-03-30"),
        ("-", "-"),
        (".", "."),
        ("nonsense", "nonsense"),
        ("onward", "onward"),
        ("tRuE", "tRuE"),
    ],
)
def test_a_word_on_which_yaml_agrees_with_itself_has_that_meaning(word: str, value: object) -> None:
    found = meaning(word)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("word", "old", "new"),
    [
        ("no", "false", 'the text "no"'),
        ("On", "true", 'the text "On"'),
        ("y", "true", 'the text "y"'),
        ("010", "the number 8", "the number 10"),
        ("08", 'the text "08"', "the number 8"),
        ("0o17", 'the text "0o17"', "the number 15"),
        ("0b11", "the number 3", 'the text "0b11"'),
        ("1:30", "the number 90", 'the text "1:30"'),
        ("-1:30:00", "the number -5400", 'the text "-1:30:00"'),
        ("1:30.5", "the number 90.5", 'the text "1:30.5"'),
        ("1_000", "the number 1000", 'the text "1_000"'),
        ("12e5", 'the text "12e5"', "the number 1200000.0"),
    ],
)
def test_a_word_on_which_yaml_disagrees_is_refused_with_both_meanings(word: str, old: str, new: str) -> None:
    with pytest.raises(Unclear) as caught:
        meaning(word)
    assert caught.value.message == f"{word} is {old} in YAML 1.1, and {new} in YAML 1.2"


@pytest.mark.parametrize("word", [".inf", "-.Inf", ".nan", "9223372036854775808", "1.0e+999", "9" * 5000, "1_" * 50])
def test_a_number_that_json_cannot_carry_is_refused(word: str) -> None:
    with pytest.raises(Unclear, match=r"number") as caught:
        meaning(word)
    assert len(caught.value.message) < 100


# Where PyYAML departs from YAML 1.1 (y, n and a sign before a point are words to it; 0x_ is an accident) or from
# Kubernetes (it has dates).
PYYAMLS_OWN = re.compile(r"[yYnN]|[-+]\..*|[-+]?0[bx]_*|[0-9]{4}-[0-9][0-9]?-[0-9].*")


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789abefnotyxONTEYxF_+-.:~", max_size=12).filter(lambda word: not PYYAMLS_OWN.fullmatch(word)))
@example("-1.5")
@example("1e5")
def test_a_word_that_is_accepted_means_to_pyyaml_what_it_means_here(word: str) -> None:
    try:
        value = meaning(word)
    except Unclear:
        return
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
    assert loader.construct_object(yaml.ScalarNode(tag, word)) == value
