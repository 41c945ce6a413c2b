"""What replicas write: bounded, found again, followed."""

import asyncio
from pathlib import Path

import pytest

from bluegreen.backends.local import Place, follow, place, process, replica_logs, tail
from bluegreen.backends.local import logs as local_logs
from bluegreen.spec import RevisionId

REVISION = RevisionId("abc")


@pytest.fixture
def where(tmp_path: Path) -> Place:
    """A rollout's place."""
    made = place(tmp_path, "shop")
    made.create()
    return made


async def test_a_log_that_grows_is_cut_while_its_program_writes_and_the_one_before_is_kept(where: Place) -> None:
    path = local_logs.log_path(where, REVISION, 1)
    script = (
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i of this log; done; "
        "while true; do echo still here; sleep 0.02; done"
    )
    running = process.spawn(["sh", "-c", script], {"PATH": "/usr/bin:/bin"}, folder="/", log=path)
    try:
        async with asyncio.timeout(20):
            while tail(path, 1) != ["still here"]:
                local_logs.bound(path, limit=10_000)
                await asyncio.sleep(0.001)
        local_logs.bound(path, limit=10_000)
        assert path.stat().st_size < 200_000
        assert path.with_name("abc-1.log.1").stat().st_size > 10_000
        assert b"\0" not in path.read_bytes(), "the program goes on where the cut log ends"
        assert len(list(where.logs.iterdir())) == 2
    finally:
        process.kill(running)


def test_the_last_line_is_one_a_terminal_can_bear(where: Place) -> None:
    path = local_logs.log_path(where, REVISION, 1)
    assert local_logs.last_line(path) == ""
    path.write_bytes(b"first\n\x1b[31mred\x07 \xff alert\x1b[0m\n\n  \n")
    assert local_logs.last_line(path) == "red \N{REPLACEMENT CHARACTER} alert"
    path.write_text("x" * 1000)
    assert len(local_logs.last_line(path)) == 200


async def test_logs_are_followed_across_a_cut_and_new_replicas_join_in(where: Place) -> None:
    first, second = (local_logs.log_path(where, REVISION, number) for number in (1, 2))
    first.write_text("old\nolder\nnow\n")
    seen: list[tuple[int, str]] = []

    async def read() -> None:
        async for log, line in follow(where, REVISION, lines=2, poll_s=0.02):
            seen.append((log.number, line))

    async def sees(*expected: tuple[int, str]) -> None:
        async with asyncio.timeout(5):
            while seen[-len(expected) :] != list(expected):
                await asyncio.sleep(0.01)

    reading = asyncio.create_task(read())
    await sees((1, "older"), (1, "now"))
    with first.open("a") as file:
        file.write("half a ")
        file.flush()
        await asyncio.sleep(0.1)
        file.write("line\n")
    await sees((1, "half a line"))
    second.write_text("hello\n")
    await sees((2, "hello"))
    first.write_text("anew\n")
    await sees((1, "anew"))
    local_logs.log_path(where, RevisionId("other"), 1).write_text("not mine\n")
    await asyncio.sleep(0.1)
    assert (1, "not mine") not in seen
    reading.cancel()
    await asyncio.wait([reading])
    assert [(one.revision, one.number) for one in replica_logs(where)] == [("abc", 1), ("abc", 2), ("other", 1)]
