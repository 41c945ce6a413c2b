"""Whatever a replica shows at /metrics: numbers, no data, or our own error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.errors import BackendError
from bluegreen.metrics.fields import usable
from bluegreen.metrics.scrape.provider import _read, _text, _values
from bluegreen.metrics.scrape.series import Pair, samples
from tests.fuzz.bounds import bounded
from tests.fuzz.shapes import damaged
from tests.fuzz.wire import judge_error, judge_value

pytestmark = pytest.mark.property

PAGE = b"""# HELP requests_total how many
# TYPE requests_total counter
requests_total{code="200",path="/a\\\\b\\"c\\nd"} 10 1767225600000
requests_total{code="500",path="/"} 1e3
# TYPE temperature gauge
temperature{room="a"} -20.5
temperature NaN
# TYPE seconds histogram
seconds_bucket{le="0.1"} 1
seconds_bucket{le="1"} 2
seconds_bucket{le="+Inf"} 3
seconds_sum 2.5
seconds_count 3
# TYPE size summary
size{quantile="0.5"} 1
# EOF
"""
QUERY: dict[str, Any] = {
    "revision": "abc",
    "series": {
        "rate": {"rate": 'requests_total{code=~"5.."}'},
        "gauge": {"gauge": "temperature"},
        "slow": {"quantile": 0.99, "of": "seconds"},
    },
}
ASKED = usable("scrape", QUERY, _read)
SIGNS = [bytes([one]) for one in b'{}",=\\# \t\n\r\0\xff']
NUMBERS = [b"NaN", b"+Inf", b"1e999", b"0x1p3", b"1_0"]
LABELS = [b"le=", b'le="x"', b'le=""', b'le="NaN"', b"# TYPE a counter\n", b"# TYPE", b"# HELP", b'# {a="b"} 1 1']
WORDS = st.sampled_from([*SIGNS, *NUMBERS, *LABELS])


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """A page with some of it cut out, doubled, or written over."""
    page = PAGE
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(page)))
        page = page[:start] + draw(WORDS) + page[start + draw(st.integers(0, 12)) :]
    return page


async def chunked(page: bytes) -> Any:
    """The page as it comes from a connection."""
    yield page


def numbers(before: bytes, after: bytes) -> dict[str, float | None] | None:
    """The value of each series between two pages; None when one of them is no page."""
    with bounded():
        try:
            first, second = (samples(asyncio.run(_text(chunked(one)))) for one in (before, after))
        except ValueError:
            return None  # which the provider says in words of its own
        try:
            found = _values(ASKED, [Pair(first, second, 1.0)])
        except BackendError as error:
            judge_error(error)
            return None
    judge_value(found)
    return found


@pytest.mark.property
@given(pages() | damaged(PAGE) | st.binary(), pages())
def test_any_page_is_numbers_or_no_page(before: bytes, after: bytes) -> None:
    numbers(before, after)
    numbers(after, before)


ODD_PAGES = {
    "a bucket whose bound is no number": b'seconds_bucket{le="x"} 1\nseconds_bucket{le="+Inf"} 3\n',
    "a bucket without a bound": b"# TYPE seconds histogram\nseconds_bucket 1\n",
    "a bucket whose bound is not a number": b'seconds_bucket{le="NaN"} 1\nseconds_bucket{le="+Inf"} 3\n',
    "values that are not finite": b'seconds_bucket{le="1"} NaN\nseconds_bucket{le="+Inf"} +Inf\ntemperature -Inf\n',
    "one very long line": b"a" * 1_000_000,
    "one very long label": b'temperature{a="' + b"x" * 1_000_000 + b'"} 1\n',
    "very many labels": b"temperature{" + b",".join(b'a%d="x"' % one for one in range(20_000)) + b"} 1\n",
    "very many escapes": b'temperature{a="' + b"\\\\" * 200_000 + b'"} 1\n',
    "very many braces": b"{" * 200_000,
    "very many quotes": b'temperature{a="' + b'"' * 200_000,
    "very many lines": b"temperature 1\n" * 20_000,
    "half a type": b"# TYPE\n# TYPE a\n# HELP\n#\n",
    "an exemplar": b'# TYPE a counter\na_total 1 # {b="c"} 1 1\n',
}


@pytest.mark.parametrize("page", ODD_PAGES.values(), ids=list(ODD_PAGES))
def test_no_page_surprises_its_reader(page: bytes) -> None:
    numbers(page, page)


def test_a_page_as_it_should_be_has_its_numbers() -> None:
    """Else nothing above would be near to it."""
    later = PAGE.replace(b" 1e3", b" 1.5e3").replace(b'+Inf"} 3', b'+Inf"} 9')
    assert numbers(PAGE, later) == {"rate": 500.0, "gauge": pytest.approx(float("nan"), nan_ok=True), "slow": 1.0}


def test_the_verdict_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bluegreen.metrics.scrape.provider.BackendError", ValueError)
    page = ODD_PAGES["a bucket whose bound is no number"]
    with pytest.raises(ValueError, match="is no number"):
        numbers(page, page)
