"""`load` against real servers: what it counts, when it sends, and where it never goes."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.metrics import Context
from bluegreen.metrics.load import Load
from bluegreen.spec import RevisionId
from bluegreen.testing.conformance import metrics
from tests.local.support import free_port
from tests.metrics.weather import served

pytestmark = pytest.mark.real


def load_on(base: str) -> Load:
    """One whose rollout has its preview there."""
    return Load(Context("shop", active="shop", preview="shop-preview", services={"shop-preview": base}))


async def shot(base: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """What one load comes to."""
    found: dict[str, Any] = await load_on(base).measure({"rate": 200, "duration": "500ms", "timeout": "1s", **query})
    return found


@asynccontextmanager
async def raw(answer: Any) -> AsyncGenerator[str]:
    """A server below HTTP: what answers each connection, which is closed afterwards."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def fine(_request: web.Request) -> web.Response:
    return web.Response(text="fine")


async def test_every_request_is_counted_with_its_status() -> None:
    numbers = iter(range(1000))

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=500 if next(numbers) % 4 == 0 else 200)

    async with served(handler) as base:
        seen = await shot(base, {})
    assert (seen["count"], seen["statuses"], seen["errors"]) == (100, {"200": 75, "500": 25}, {})
    assert seen["success"] == 0.75
    assert seen["rps"] == pytest.approx(200, rel=0.5)
    assert 0 < seen["p50"] <= seen["p90"] <= seen["p99"] <= seen["p999"] <= seen["max"] < 5000


async def test_what_was_expected_is_a_success_and_nothing_else() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=int(request.path[1:]))

    async with served(handler) as base:
        seen = await shot(base, {"paths": [{"path": "/404", "expect": [404, 410]}, {"path": "/302"}], "seed": 1})
        assert seen["success"] == 1
        assert (await shot(base, {"path": "/200", "expect": [201]}))["success"] == 0


async def test_each_path_is_sent_as_it_was_written_and_as_often_as_it_weighs() -> None:
    seen: Counter[tuple[str, str, str, str]] = Counter()

    async def handler(request: web.Request) -> web.Response:
        seen[request.method, request.raw_path, request.headers.get("X-Test", ""), await request.text()] += 1
        return web.Response()

    query = {
        "rate": 400,
        "duration": "1s",
        "seed": 3,
        "headers": {"X-Test": "a"},
        "paths": [
            {"path": "/list?page=2", "weight": 9},
            {"path": "/cart", "method": "POST", "body": {"item": 1}, "headers": {"X-Test": "b"}},
        ],
    }
    async with served(handler) as base:
        first = await shot(base, query)
        again = seen.copy()
        await shot(base, query)
    assert first["success"] == 1
    assert set(again) == {("GET", "/list?page=2", "a", ""), ("POST", "/cart", "b", '{"item": 1}')}
    assert 20 <= again["POST", "/cart", "b", '{"item": 1}'] <= 60
    assert seen == Counter({key: 2 * number for key, number in again.items()}), "the same seed sends the same"


async def test_requests_are_sent_when_they_are_due() -> None:
    came: list[float] = []

    async def handler(_request: web.Request) -> web.Response:
        came.append(time.monotonic())
        return web.Response()

    async with served(handler) as base:
        await shot(base, {"rate": 100, "duration": "1s"})
    late = [moment - came[0] - number / 100 for number, moment in enumerate(came)]
    assert len(came) == 100
    assert sorted(map(abs, late))[80] < 0.1


async def test_a_server_that_stalls_cannot_hide_it_by_keeping_us_waiting() -> None:
    """One connection, one stall of half a second: in a closed loop one request of all would be slow."""
    stalled: list[int] = []

    async def handler(_request: web.Request) -> web.Response:
        if not stalled:
            stalled.append(1)
            await asyncio.sleep(0.5)
        return web.Response()

    async with served(handler) as base:
        seen = await shot(base, {"rate": 100, "duration": "1s", "connections": 1})
    assert seen["statuses"] == {"200": 100}
    assert 490 < seen["max"] < 3000
    assert seen["p90"] > 300


async def test_that_nobody_listens_is_a_value_with_no_latency() -> None:
    seen = await shot(f"http://127.0.0.1:{free_port()}", {})
    assert (seen["success"], seen["errors"], seen["statuses"], seen["rps"]) == (0, {"refused": 100}, {}, 0)
    assert [seen[key] for key in ("p50", "p90", "p99", "p999", "max")] == [None] * 5


async def test_what_takes_too_long_counts_with_the_time_it_was_waited_for() -> None:
    async def handler(_request: web.Request) -> web.Response:
        await asyncio.sleep(20)
        return web.Response()

    began = time.monotonic()
    async with served(handler) as base:
        seen = await shot(base, {"rate": 50, "timeout": "300ms", "connections": 3})
    assert seen["success"] == 0
    assert 3 <= seen["errors"]["timeout"] <= 9
    assert seen["errors"]["timeout"] + seen["errors"]["unsent"] == seen["count"] == 25
    assert 299 < seen["p50"] <= seen["max"] < 3000
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("cancelled", [False, True])
async def test_what_is_given_up_leaves_no_connection(cancelled: bool) -> None:
    there: set[asyncio.StreamWriter] = set()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there.add(writer)
        while await reader.read(1000):
            pass
        there.discard(writer)

    async with raw(silent) as base:
        measuring = asyncio.create_task(shot(base, {"rate": 20, "timeout": "5s" if cancelled else "200ms"}))
        await asyncio.sleep(0.3)
        assert there
        if cancelled:
            measuring.cancel()
        await asyncio.wait([measuring])
        async with asyncio.timeout(2):
            while there:
                await asyncio.sleep(0.01)


async def test_a_server_slower_than_the_rate_is_still_measured() -> None:
    """What could not be sent in time is an error, and what was sent keeps its chance."""

    async def handler(_request: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response()

    async with served(handler) as base:
        seen = await shot(base, {"rate": 50, "duration": "1s", "connections": 1, "timeout": "300ms"})
    assert 5 <= seen["statuses"]["200"] <= 14
    assert seen["statuses"]["200"] + seen["errors"]["unsent"] == seen["count"] == 50
    assert 300 < seen["p99"] < 2000


async def test_an_answer_that_breaks_off_is_no_answer_and_is_not_asked_for_again() -> None:
    asked: list[bytes] = []

    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the first request of a connection well, and breaks off in the next one's answer, or before it."""
        for length in (2, 9):
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head)
            if len(asked) % 4 == 0:
                break
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nok" % length)

    async with raw(broken) as base:
        seen = await shot(base, {"rate": 100})
    assert len(asked) == seen["count"] == 50
    assert seen["statuses"] == {"200": 50 - seen["errors"]["reset"]}
    assert seen["errors"]["reset"] >= 20


async def test_it_follows_no_redirect_and_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    strayed: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        strayed.append(request.path)
        return web.Response()

    async with served(elsewhere) as other:

        async def handler(_request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": f"{other}/strayed", "Set-Cookie": "a=b"})

        monkeypatch.setenv("http_proxy", other)
        monkeypatch.setenv("HTTP_PROXY", other)
        async with served(handler) as base:
            seen = await shot(base, {})
    assert (seen["statuses"], strayed) == ({"302": 100}, [])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"service": "billing"}, "only at the rollout's own Services"),
        ({"service": "shop"}, "only at the rollout's own Services"),  # it has no address here
        ({"path": "//elsewhere/"}, "path"),
        ({"rate": "{{args.rate}}"}, "placeholder"),
    ],
)
async def test_what_is_not_the_rollouts_own_is_never_aimed_at(query: Mapping[str, Any], words: str) -> None:
    async def handler(_request: web.Request) -> web.Response:
        raise AssertionError("nothing should have been sent")

    async with served(handler) as base:
        with pytest.raises(PermanentBackendError, match=words) as refused:
            await shot(base, query)
    assert "billing" not in str(refused.value)


async def test_without_a_preview_service_something_has_to_be_named() -> None:
    with pytest.raises(PermanentBackendError, match="no preview Service"):
        await Load(Context("shop", active="shop", services={"shop": "http://127.0.0.1:1"})).measure({})


async def test_the_replicas_of_a_revision_take_turns() -> None:
    seen: Counter[str] = Counter()

    async def handler(request: web.Request) -> web.Response:
        seen[request.host] += 1
        return web.Response()

    async with served(handler) as one, served(handler) as two:
        here = (one.removeprefix("http://"), two.removeprefix("http://"))

        async def addresses(revision: RevisionId) -> tuple[str, ...]:
            return here if revision == "abc" else ()

        load = Load(Context("shop", addresses=addresses))
        await load.measure({"revision": "abc", "rate": 100, "duration": "200ms"})
        assert seen == dict.fromkeys(here, 10)
        with pytest.raises(BackendError, match="no available replicas"):
            await load.measure({"revision": "gone"})


@pytest.mark.parametrize("rule", metrics.RULES)
async def test_it_keeps_the_rules_for_metric_providers(rule: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query.get("status", "200")))

    def query(status: int) -> dict[str, Any]:
        path = {"path": f"/?status={status}", "headers": {"X-Token": "s3cret"}, "expect": [status], "weight": 2}
        common = {"service": "shop-preview", "rate": 20, "duration": "250ms", "connections": 2, "timeout": "500ms"}
        return {**common, "seed": 1, "paths": [path]}

    async with served(handler) as base:
        await metrics.check(
            rule,
            metrics.Case(
                make=lambda: load_on(base),
                query=query(200),
                numbered=lambda number: query(200 + number),
                tells=lambda number, answer: answer["statuses"] == {str(200 + number): 5},
                failing={
                    "not the rollout's own": {**query(200), "service": "s3cret"},
                    "no header": {**query(200), "headers": {"X": "s3cret\n"}, "rate": "s3cret"},
                },
                permanent={"not the rollout's own", "no header"},
                secret="s3cret",
            ),
        )
