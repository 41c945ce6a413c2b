"""One question to one replica, and what many answers make of it."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bluegreen.backends.local.launch import Launch, expand
from bluegreen.backends.local.pod import Exec, HttpGet, Probe, Sleep, TcpSocket
from bluegreen.backends.local.probe import Count, perform
from tests.local.support import free_port


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that answers with the status that its path names, after the seconds that its query names."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(float(request.query.get("after", "0")))
        status = int(request.match_info["status"]) if request.headers.get("X-Key", "") in ("", "right") else 403
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"})

    app = web.Application()
    app.router.add_get("/{status}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    number = free_port()
    await web.TCPSite(runner, "127.0.0.1", number).start()
    yield number
    await runner.cleanup()


def here(tmp_path: Path) -> Launch:
    """A replica's environment."""
    return Launch((), {"PATH": os.environ["PATH"], "WORD": "in a word"}, str(tmp_path))


@pytest.mark.parametrize(
    ("status", "well"), [(200, True), (204, True), (302, True), (399, True), (400, False), (503, False)]
)
async def test_http_is_well_from_200_to_399(port: int, tmp_path: Path, status: int, well: bool) -> None:
    why = await perform(HttpGet(f"/{status}"), here(tmp_path), port, 2)
    assert (why == "") == well
    assert well or why == f"GET http://127.0.0.1:{port}/{status}: answered {status}"


async def test_http_sends_its_headers_waits_so_long_and_says_who_refused(port: int, tmp_path: Path) -> None:
    assert await perform(HttpGet("/200", headers=(("X-Key", "right"),)), here(tmp_path), port, 2) == ""
    assert "403" in await perform(HttpGet("/200", headers=(("X-Key", "wrong"),)), here(tmp_path), port, 2)
    began = time.monotonic()
    assert "no answer within 0.2 s" in await perform(HttpGet("/200?after=5"), here(tmp_path), port, 0.2)
    assert time.monotonic() - began < 1
    assert "/200: " in await perform(HttpGet("200"), here(tmp_path), free_port(), 1)


async def test_tcp_is_well_when_somebody_listens(port: int, tmp_path: Path) -> None:
    assert await perform(TcpSocket(), here(tmp_path), port, 1) == ""
    nobody = free_port()
    assert f"connecting to its PORT ({nobody})" in await perform(TcpSocket(), here(tmp_path), nobody, 1)


async def test_exec_is_well_at_exit_code_0_in_the_replica_s_place_and_environment(tmp_path: Path) -> None:
    (tmp_path / "mark").touch()
    script = 'test -f mark && test "$WORD" = "$0" && test -z "$HOME"'
    assert await perform(Exec(("sh", "-c", script, "$(WORD)")), here(tmp_path), 1, 2) == ""
    assert await perform(Exec(("sh", "-c", "exit 7")), here(tmp_path), 1, 2) == "running sh: exit code 7"
    assert "No such file" in await perform(Exec(("no-such-program",)), here(tmp_path), 1, 2)


async def test_exec_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    script = "sleep 300 & echo $! > child; wait"
    why = await perform(Exec(("sh", "-c", script)), here(tmp_path), 1, 0.5)
    assert why == "running sh: no answer within 0.5 s"
    child = int((tmp_path / "child").read_text())
    await asyncio.sleep(0.1)
    state = Path(f"/proc/{child}/stat")
    if state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        os.kill(child, signal.SIGKILL)
        pytest.fail("the probe's child lives on")


async def test_sleep_sleeps(tmp_path: Path) -> None:
    began = time.monotonic()
    assert await perform(Sleep(0.2), here(tmp_path), 1, 2) == ""
    assert 0.2 <= time.monotonic() - began < 1


def test_thresholds_count_answers_in_a_row() -> None:
    count = Count(Probe(TcpSocket(), successes=2, failures=3))
    assert [count.add(well) for well in (True, False, True, True)] == [False, False, False, True]
    assert [count.add(well) for well in (False, False, True, False, False, False)] == [True] * 5 + [False]
    assert [count.add(well) for well in (True, True)] == [False, True]


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)", "x1y2"),
        ("$(NONE)", "$(NONE)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$()", "$()"),
        ("$$", "$"),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expanded
