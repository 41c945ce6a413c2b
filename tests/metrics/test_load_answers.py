"""Reading an HTTP/1 answer: where it ends, whatever pieces it comes in, and what is no answer at all."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.metrics.load.answers import HEAD_MAX, Answer, Malformed

OK = b"HTTP/1.1 200 OK\r\n"
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
# The answer, its status, whether it ends by itself, and whether the connection may be used again.
ANSWERS: list[tuple[bytes, int, bool, bool]] = [
    (OK + b"Content-Length: 5\r\n\r\nhello", 200, True, True),
    (OK + b"content-length:0\r\n\r\n", 200, True, True),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nno", 404, True, True),
    (b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n", 500, True, True),
    (OK + b"Connection: Close\r\nContent-Length: 1\r\n\r\nx", 200, True, False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, True, False),
    (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 200, True, True),
    (b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", 204, True, True),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, True, True),
    (
        EARLY + OK + b"Content-Length: 1\r\n\r\nx",
        200,
        True,
        True,
    ),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA ;n=v\r\n0123456789\r\n0\r\n\r\n", 200, True, True),
    (OK + b"Transfer-Encoding: gzip, Chunked\r\n\r\n0\r\nTrailer: a\r\n\r\n", 200, True, True),
    (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\n\r\r\n0\r\n\r\n", 200, True, True),
    (OK + b"Transfer-Encoding: gzip\r\n\r\nabc", 200, False, False),
    (OK + b"\r\nuntil the end", 200, False, False),
]


def read(data: bytes, *cuts: int, bodiless: bool = False) -> Answer:
    answer = Answer(bodiless=bodiless)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for begin, end in pairwise(places):
        answer.feed(data[begin:end])
    return answer


@given(st.sampled_from(ANSWERS), st.lists(st.integers(0, 300), max_size=12))
def test_an_answer_ends_where_it_ends_whatever_pieces_it_comes_in(
    known: tuple[bytes, int, bool, bool], cuts: list[int]
) -> None:
    data, status, ends, reusable = known
    answer = read(data, *cuts)
    assert (answer.status, answer.done) == (status, ends)
    if ends:
        assert answer.reusable is reusable
    answer.closed()
    assert (answer.done, answer.reusable) == (True, False)


@given(st.sampled_from([one for one in ANSWERS if one[2]]), st.integers(0, 300))
def test_an_answer_that_breaks_off_is_never_whole(known: tuple[bytes, int, bool, bool], cut: int) -> None:
    data = known[0]
    answer = read(data[: cut % len(data)])
    answer.closed()
    assert not answer.done


def test_what_answers_a_head_has_no_body() -> None:
    answer = read(OK + b"Content-Length: 500\r\n\r\n", bodiless=True)
    assert (answer.done, answer.reusable) == (True, True)


def test_a_connection_with_more_on_it_than_was_asked_for_is_not_used_again() -> None:
    answer = read(OK + b"Content-Length: 1\r\n\r\nxy")
    assert (answer.done, answer.reusable) == (True, False)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OK + b"Content-Length: 1234567890123456\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"x" * (HEAD_MAX + 1),
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * (HEAD_MAX + 1),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


@given(st.binary(max_size=300))
def test_garbage_is_malformed_or_unfinished_and_nothing_else(data: bytes) -> None:
    with suppress(Malformed):
        read(OK + data)
