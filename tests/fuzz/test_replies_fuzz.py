"""Whatever a server of metrics answers: a value that can be kept, or our own error without the secret of the query."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.errors import BackendError
from bluegreen.metrics import Context
from bluegreen.plugins import METRICS, find
from bluegreen.ports import NoData, Reading
from tests.fuzz.shapes import ANY_JSON, HUGE, damaged, deep, edited, written
from tests.fuzz.wire import SECRET, Wire, http, judged, replies

pytestmark = [pytest.mark.real, pytest.mark.property]
BEARER = [{"key": "Authorization", "value": f"Bearer {SECRET}"}]
VALUES = ANY_JSON | st.just(SECRET) | st.just(f"what is {SECRET} ?")


def vector(*values: object) -> dict[str, Any]:
    """What Prometheus answers to an instant query."""
    series = [{"metric": {"__name__": "up", "job": "shop"}, "value": [1767225600.1, value]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": series}}


MATRIX = {
    "status": "success",
    "warnings": ["some stores are slow"],
    "data": {"resultType": "matrix", "result": [{"metric": {"job": "shop"}, "values": [[1, "0.5"], [2, "NaN"]]}]},
}
SCALAR = {"status": "success", "data": {"resultType": "scalar", "result": [1767225600, "0.5"]}}
REFUSAL = {"status": "error", "errorType": "bad_data", "error": f"invalid parameter {SECRET}"}
RENDERED = [
    {"target": "shop.success", "datapoints": [[0.99, 1767225600], [None, 1767225660]], "tags": {"name": "shop"}}
]
ROWS = {
    "results": [
        {
            "statement_id": 0,
            "series": [
                {"name": "shop", "tags": {"path": "/"}, "columns": ["time", "mean"], "values": [[1, 0.5], [2, None]]}
            ],
        }
    ]
}
SAID = {"data": {"ok": True, "rate": 0.99, "list": [{"a": 1}, {"a": [2, {"b": None}]}]}, "message": f"hello {SECRET}"}
TOKEN = {"access_token": "abc", "token_type": "bearer", "expires_in": 300}


@frozen
class Kind:
    """A provider, its query for a server on this port, and what the real one answers."""

    provider: str
    query: Callable[[int], Mapping[str, Any]]
    known: tuple[Any, ...]


KINDS = {
    "prometheus": Kind(
        "prometheus",
        lambda port: {"address": f"http://127.0.0.1:{port}", "query": "up", "headers": BEARER},
        (vector("1", "NaN"), vector(), MATRIX, SCALAR, REFUSAL),
    ),
    "prometheus, a range": Kind(
        "prometheus",
        lambda port: {
            "address": f"http://user:{SECRET}@127.0.0.1:{port}",
            "query": "up",
            "rangeQuery": {"start": "now-5m", "end": "now", "step": "1m"},
        },
        (MATRIX, vector("1")),
    ),
    "graphite": Kind(
        "graphite",
        lambda port: {"address": f"http://127.0.0.1:{port}", "query": "target=a", "headers": BEARER},
        (RENDERED, []),
    ),
    "influxdb": Kind(
        "influxdb",
        lambda port: {
            "address": f"http://127.0.0.1:{port}",
            "database": "shop",
            "query": "SELECT v FROM shop",
            "username": "reader",
            "password": SECRET,
        },
        (ROWS, {"results": [{"error": f"no such thing as {SECRET}"}]}, {"results": [{"statement_id": 0}]}),
    ),
    "web": Kind("web", lambda port: {"url": f"http://127.0.0.1:{port}/?token={SECRET}"}, (SAID, [1.5], "ok")),
    "web, a path": Kind(
        "web",
        lambda port: {"url": f"http://127.0.0.1:{port}/?token={SECRET}", "jsonPath": "{$..list[?@.a > 0].a}"},
        (SAID,),
    ),
    "a token": Kind(
        "web",
        lambda port: {
            "url": f"http://127.0.0.1:{port}/",
            "authentication": {
                "oauth2": {
                    "tokenUrl": f"http://127.0.0.1:{port}/token",
                    "clientId": "shop",
                    "clientSecret": SECRET,
                }
            },
        },
        (TOKEN,),
    ),
}
BOMBS = {
    "deep lists": deep(200_000).encode(),
    "deep maps": deep(150_000, '{"a":', "}").encode(),
    "just as deep as can be read": deep(900).encode(),
    "a number with more digits than a float holds": str(HUGE).encode(),
    "a number too long to be read": b"1" * 100_000,
    "more than is read": b"[" + b"0," * 600_000 + b"0]",
    "one long text": b'"' + b"x" * 1_000_000 + b'"',
    "many short values": json.dumps([0] * 200_000).encode(),
    "half a character": b'"\\ud800"',
    "bytes that are no text": b"\xff\xfe\xfd",
    "nothing": b"",
}


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """One server for all of them."""
    with Wire().serving() as wire:
        yield wire


def measured(kind: Kind, wire: Wire, reply: bytes) -> object:
    """What the provider makes of this answer."""
    provider = find(METRICS, kind.provider)(Context("shop"))
    wire.reply = reply

    async def work() -> Any:
        try:
            return await provider.measure(kind.query(wire.port))
        finally:
            await provider.close()

    return judged(work(), wire)


def bodies(kind: Kind) -> st.SearchStrategy[bytes]:
    """What the real server says, with something changed; and what has nothing to do with it."""
    known = st.sampled_from(kind.known)
    return st.one_of(
        known.flatmap(lambda one: edited(one, VALUES)).map(written),
        known.flatmap(lambda one: edited(one, VALUES)).map(written),
        known.flatmap(lambda one: damaged(written(one))),
        ANY_JSON.map(written),
        st.binary(max_size=40),
    )


@pytest.mark.parametrize("name", KINDS)
@given(st.data())
def test_any_answer_is_a_value_or_an_error_of_ours(name: str, wire: Wire, data: st.DataObject) -> None:
    measured(KINDS[name], wire, data.draw(replies(bodies(KINDS[name]))))


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("name", KINDS)
def test_an_answer_that_means_harm_is_a_value_or_an_error_of_ours(name: str, bomb: str, wire: Wire) -> None:
    measured(KINDS[name], wire, http(BOMBS[bomb]))


def test_what_the_real_servers_answer_has_a_value(wire: Wire) -> None:
    """Else nothing above would be near to it."""
    for name, kind in KINDS.items():
        found = measured(kind, wire, http(written(kind.known[0])))
        assert isinstance(found, Reading | NoData), (name, found)


def test_the_verdict_can_fail(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("bluegreen.metrics.graphite.BackendError", ValueError)
        with pytest.raises(ValueError, match="Graphite does not say"):
            measured(KINDS["graphite"], wire, http(b'[{"target": 1}]'))
    with monkeypatch.context() as patch:
        patch.setattr("bluegreen.metrics.http.client.hidden", lambda said, _secrets: said)
        with pytest.raises(AssertionError, match=SECRET):
            measured(KINDS["prometheus"], wire, http(written(REFUSAL)))
    assert isinstance(measured(KINDS["prometheus"], wire, http(written(REFUSAL))), BackendError)
