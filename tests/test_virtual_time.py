"""A loop whose clock jumps: waiting costs nothing, and waiting for ever is an error at once."""

import asyncio
import time

import pytest

from bluegreen.testing.virtual_time import Deadlock, run


def test_a_day_takes_no_time() -> None:
    async def day() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run(day()) == 86_400
    assert time.monotonic() - began < 5


def test_timers_ring_in_their_order_and_at_their_moment() -> None:
    rung: list[tuple[float, str]] = []

    async def ring(name: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        rung.append((asyncio.get_running_loop().time(), name))

    async def main() -> None:
        await asyncio.gather(ring("late", 100), ring("early", 0.25), ring("middle", 7))

    run(main())
    assert rung == [(0.25, "early"), (7, "middle"), (100, "late")]


def test_waiting_for_what_will_never_happen_names_who_waits() -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.set_name("the one who waits")
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="the one who waits"):
        run(main())
