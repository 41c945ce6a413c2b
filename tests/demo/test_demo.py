"""The demo does what it says, and leaves nothing behind however it ends."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from examples.demo.customers import Count, Customers
from examples.demo.load import Tally, ask
from examples.demo.story import BAD, GOOD, Story, verdict

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "examples.demo"]
pytestmark = pytest.mark.timeout(120)


def processes_of(folder: str) -> list[str]:
    """The commands of the processes that work in, or were told of, this folder."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue  # it has ended, or is not ours
        if folder.encode() in words:
            found.append((process / "cmdline").read_text())
    return found


@pytest.mark.real
def test_a_good_build_fails_no_request_and_a_bad_one_is_taken_back() -> None:
    done = subprocess.run(DEMO, check=False, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "v2's release failed 0 requests" in done.stdout
    assert "live traffic ended on demo:v2" in done.stdout
    assert "demo  Degraded (GateFailed)" in done.stdout, "the tree"
    assert "the analysis takes v3 back: gate postPromotionAnalysis said no: errors:" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if " demo:v" in line and "│" in line]
    failed = {row[1]: int(row[5]) for row in rows if row[0] == "│"}
    assert failed["demo:v1"] == failed["demo:v2"] == 0
    assert failed["demo:v3"] > 0
    assert processes_of(done.stdout.split("state directory ")[1].split()[0]) == []


@pytest.mark.real
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_stopped_in_the_middle_it_leaves_nothing_behind(how: signal.Signals) -> None:
    demo = subprocess.Popen(DEMO, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        folder = demo.stdout.readline().split("state directory ")[1].strip()
        while "v2 is released" not in demo.stdout.readline():
            pass
        assert processes_of(folder), "the proxy was told of the folder"
        demo.send_signal(how)
        _, said = demo.communicate(timeout=30)
    finally:
        demo.kill()
    assert (demo.returncode, said) == (130, "stopped before its end\n")
    assert not Path(folder).exists()
    assert processes_of(folder) == []


@pytest.mark.parametrize(
    ("failed_by_v2", "ended_on", "good"),
    [(0, GOOD, True), (1, GOOD, False), (None, GOOD, False), (0, BAD, False), (0, f"{GOOD}, which fails", False)],
)
def test_it_went_well_only_if_nothing_failed_and_the_good_build_has_the_traffic(
    failed_by_v2: int | None, ended_on: str, good: bool
) -> None:
    story = Story(failed_by_v2=failed_by_v2, ended_on=ended_on)
    assert story.good is good
    assert verdict(story, Customers()).endswith("\nall as it should be") is good


async def test_a_customer_who_gets_no_answer_counts_it_as_failed(unused_tcp_port: int) -> None:
    tally, there = Tally(), Customers()
    async with aiohttp.ClientSession() as session:
        await ask(session, f"http://127.0.0.1:{unused_tcp_port}/", 0, tally)
    there.read(tally.line().encode())
    assert there.failed == 1
    assert there.of("no answer").first > 0
    assert there.of(GOOD) == Count()


async def test_an_answer_that_is_cut_short_counts_as_failed() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ndemo:v2")
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    tally, there = Tally(), Customers()
    async with server, aiohttp.ClientSession() as session:
        await ask(session, f"http://{host}:{port}/", 1, tally)
    there.read(tally.line().encode())
    assert (there.failed, there.requests) == (1, 1)
