"""Webhooks as steps of a release: one idempotency key for one step, and nothing secret in any error."""

import asyncio
import gc
import logging
import socket
from typing import Any

import pytest
from aiohttp import web

from bluegreen import hooks
from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.hooks import LocalHooks, webhook
from bluegreen.snapshot import Outcome
from tests.hooks.server import always, in_turn, serving
from tests.hooks.support import RELEASE, key, outcome, run

pytestmark = pytest.mark.real
SECRET = "correct-horse-battery"


def call(url: str, **more: Any) -> dict[str, Any]:
    """A webhook."""
    return {"kind": "webhook", "url": url, "release": RELEASE, **more}


async def answered(status: int, **headers: str) -> Outcome:
    """What a webhook comes to that is answered like this."""
    async with serving(always(status, **headers)) as server, hooks.connect("/nowhere") as steps:
        return await run(steps, call(f"{server.url}/{SECRET}?token={SECRET}", headers={"Authorization": SECRET}))


async def test_the_server_is_told_of_the_release(steps: LocalHooks) -> None:
    async with serving(always(201)) as server:
        hook = call(f"{server.url}/deploys", headers={"X-Team": "shop"}, body={"channel": "#ops", "n": [1]})
        ended = await run(steps, hook)
    assert (ended.error, ended.value) == ("", {"status": 201})
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/deploys")
    assert asked.body == {**RELEASE, "channel": "#ops", "n": [1]}
    assert asked.headers["X-Team"] == "shop"
    assert asked.headers["Content-Type"] == "application/json"


async def test_a_body_that_is_no_mapping_is_told_beside_the_release(steps: LocalHooks) -> None:
    async with serving(always(200)) as server:
        await run(steps, call(server.url, body=[1, "two"]))
    assert server.asked[0].body == {**RELEASE, "body": [1, "two"]}


async def test_a_step_has_one_idempotency_key_however_often_it_is_tried(steps: LocalHooks) -> None:
    async with serving(always(503)) as server:
        for number in range(3):
            assert (await run(steps, call(server.url), key(number=number))).retry
        assert list(server.happened.values()) == [3]
        others: list[dict[str, Any]] = [
            {"attempt": 3},
            {"revision": "ccc"},
            {"hook": "onAbort/tell"},
            {"rollout": "till"},
        ]
        for number, other in enumerate(others, 3):
            await run(steps, call(server.url, release={**RELEASE, **other}), key(number=number))
    assert list(server.happened.values()) == [3, 1, 1, 1, 1]


async def test_a_declared_idempotency_key_does_not_take_the_place_of_ours(steps: LocalHooks) -> None:
    async with serving(always(200)) as server:
        await run(steps, call(server.url, headers={"idempotency-key": "mine", "content-type": "text/plain"}))
    assert list(server.happened) == [webhook.idempotency_key(RELEASE)]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_an_answer_of_the_kind_2xx_is_done(status: int) -> None:
    ended = await answered(status)
    assert (ended.error, ended.value) == ("", {"status": status})


@pytest.mark.parametrize(
    ("status", "retry"),
    [
        *((status, False) for status in (400, 401, 404, 409, 422)),
        *((status, True) for status in (408, 425, 429, 500, 502, 503)),
    ],
)
async def test_what_the_server_refuses_is_not_tried_again_and_what_may_pass_is(status: int, retry: bool) -> None:
    ended = await answered(status)
    assert f"answered {status}" in ended.error
    assert ended.retry is retry
    assert SECRET not in ended.error


async def test_a_redirect_is_not_followed(steps: LocalHooks) -> None:
    async with serving(always(200)) as elsewhere, serving(always(307, Location=elsewhere.url)) as server:
        ended = await run(steps, call(server.url))
    assert ("redirects are not followed" in ended.error, ended.retry) == (True, False)
    assert elsewhere.asked == []


async def test_accepted_is_polled_where_the_server_says(steps: LocalHooks) -> None:
    accepted = web.Response(status=202, headers={"Location": "/jobs/7", "Retry-After": "0"})
    again = web.Response(status=202, headers={"Location": "/jobs/7", "Retry-After": "0"})
    async with serving(in_turn(accepted, again, again, web.Response(status=200))) as server:
        ended = await run(steps, call(f"{server.url}/deploys", headers={"Authorization": SECRET}))
    assert ended.value == {"status": 200}
    assert [f"{one.method} {one.path}" for one in server.asked] == ["POST /deploys", *["GET /jobs/7"] * 3]
    assert {one.headers["Authorization"] for one in server.asked} == {SECRET}


async def test_accepted_without_a_place_is_asked_again_under_its_key(steps: LocalHooks) -> None:
    accepted = web.Response(status=202, headers={"Retry-After": "0"})
    async with serving(in_turn(accepted, accepted, web.Response(status=200))) as server:
        assert (await run(steps, call(server.url))).error == ""
    assert list(server.happened.values()) == [3]


@pytest.mark.parametrize("there", ["http://127.0.0.1:{}/", "https://{}", "http://[", "//127.0.0.1:{}/jobs"])
async def test_the_secrets_of_one_server_are_not_sent_to_another(steps: LocalHooks, there: str) -> None:
    async with serving(always(200)) as elsewhere:
        accepted = web.Response(
            status=202, headers={"Location": there.replace("{}", str(elsewhere.port)), "Retry-After": "0"}
        )
        async with serving(in_turn(accepted, web.Response(status=200))) as server:
            assert (await run(steps, call(server.url, headers={"Authorization": SECRET}))).error == ""
    assert elsewhere.asked == []
    assert list(server.happened.values()) == [2]


async def test_an_accepted_step_that_fails_later_has_failed(steps: LocalHooks) -> None:
    accepted = web.Response(status=202, headers={"Location": "/jobs/7", "Retry-After": "0"})
    async with serving(in_turn(accepted, web.Response(status=410))) as server:
        ended = await run(steps, call(server.url))
    assert ("answered 410" in ended.error, ended.retry) == (True, False)


async def test_a_server_that_is_asked_to_wait_for_is_waited_for(steps: LocalHooks) -> None:
    accepted = web.Response(status=202, headers={"Retry-After": "1"})
    async with serving(in_turn(accepted, web.Response(status=200))) as server:
        began = asyncio.get_running_loop().time()
        await run(steps, call(server.url))
    assert asyncio.get_running_loop().time() - began >= 1


# Servers that fail.


async def test_a_server_that_is_not_there_may_come(steps: LocalHooks) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        ended = await run(steps, call(f"http://u:{SECRET}@127.0.0.1:{held.getsockname()[1]}/{SECRET}"))
    assert ended.retry
    assert ended.error.startswith("cannot connect to 127.0.0.1:")
    assert SECRET not in ended.error


async def test_a_server_that_says_nothing_is_given_up(steps: LocalHooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "REQUEST_S", 0.3)
    async with serving(in_turn(30.0)) as server:
        ended = await run(steps, call(server.url))
    assert ended.retry
    assert "did not answer within 0.3 s" in ended.error


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 2", b"I am no web server\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"]
)
async def test_half_an_answer_or_garbage_may_pass(steps: LocalHooks, said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        ended = await run(steps, call(f"http://127.0.0.1:{port}/{SECRET}", headers={"Authorization": SECRET}))
    assert ended.retry
    assert ended.error.startswith(f"127.0.0.1:{port} broke off")
    assert SECRET not in ended.error


@pytest.mark.parametrize(
    "hook",
    [
        {},
        {"url": "shop.example"},
        {"url": "file:///etc/passwd"},
        {"url": f"http://[{SECRET}"},
        {"url": "http://127.0.0.1", "body": {"n": float("nan")}},
        {"url": "http://127.0.0.1", "headers": ["A: b"]},
        {"url": "http://127.0.0.1", "method": "DELETE"},
    ],
    ids=str,
)
async def test_a_webhook_that_makes_no_sense_is_refused_at_once(steps: LocalHooks, hook: dict[str, Any]) -> None:
    with pytest.raises(PermanentBackendError) as refused:
        await steps.start(key(), {"kind": "webhook", "release": RELEASE, **hook})
    assert SECRET not in str(refused.value)


async def test_a_header_that_would_smuggle_another_is_refused_without_a_word_of_it(steps: LocalHooks) -> None:
    async with serving(always(200)) as server:
        ended = await run(steps, call(server.url, headers={"Authorization": f"{SECRET}\r\nX-Admin: 1"}))
    assert (ended.retry, SECRET in ended.error, server.asked) == (False, False, [])


async def test_no_secret_is_logged(steps: LocalHooks, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(in_turn(web.Response(status=500), web.Response(status=200))) as server:
        hook = call(f"{server.url}/{SECRET}", headers={"Authorization": SECRET}, body={"password": SECRET})
        await run(steps, hook)
        await run(steps, hook, key(number=1))
    ours = [record for record in caplog.records if not record.name.startswith("aiohttp.access")]
    assert not [record for record in ours if SECRET in record.getMessage()]
    assert len(server.asked) == 2


# By its key.


async def test_a_step_is_called_once_under_its_key_and_many_keys_at_once(steps: LocalHooks) -> None:
    async def slowly(_request: web.Request, _number: int) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.Response()

    async with serving(slowly) as server:
        began = asyncio.get_running_loop().time()
        keys = [key(number=number) for number in range(50)]
        for one in (*keys, *keys):
            await steps.start(one, call(server.url, release={**RELEASE, "attempt": one.number}))
        assert not [ended.error for ended in [await outcome(steps, one) for one in keys] if ended.error]
        assert asyncio.get_running_loop().time() - began < 5
    assert list(server.happened.values()) == [1] * 50


async def test_after_a_crash_it_is_called_again_under_the_same_idempotency_key() -> None:
    async with serving(in_turn(30.0, web.Response(status=200))) as server:
        async with hooks.connect("/nowhere") as first:
            await first.start(key(), call(server.url))
            while not server.asked:
                await asyncio.sleep(0.01)
        async with hooks.connect("/nowhere") as second:
            with pytest.raises(BackendError):
                await second._webhooks.poll(key())
            assert (await run(second, call(server.url))).error == ""
    assert list(server.happened.values()) == [2]


async def test_a_cancelled_call_ends_at_once(steps: LocalHooks) -> None:
    async with serving(in_turn(30.0)) as server:
        await steps.start(key(), call(server.url))
        while not server.asked:
            await asyncio.sleep(0.01)
        await steps.cancel(key())
        ended = await outcome(steps, key(), within_s=1)
    assert (ended.error, ended.retry) == ("cancelled", False)
    await steps.cancel(key())


async def test_nothing_is_left_open() -> None:
    async with serving(in_turn(30.0)) as server:
        async with hooks.connect("/nowhere") as made:
            await made.start(key(), call(server.url))
            while not server.asked:
                await asyncio.sleep(0.01)
        gc.collect()  # an open session would complain here, and a warning is an error
        assert not [task for task in asyncio.all_tasks() if "webhook" in task.get_name()]
