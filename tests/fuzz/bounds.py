"""How much time and memory a reader may take: bounds far from what it takes, so that only what has none comes near."""

from __future__ import annotations

import signal
import sys
import tracemalloc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

CPU_MAX_S = 20.0


class TookTooLong(BaseException):
    """The bound on time was reached. No `except Exception` on the way may take it for an input that is refused."""


@contextmanager
def bounded(cpu_s: float = CPU_MAX_S) -> Generator[None]:
    """Raises `TookTooLong` when the block takes more seconds of this process's own time; waiting does not count.

    A machine that is busy with something else makes nothing fail here. Blocks do not nest.
    """

    def late(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong(f"more than {cpu_s:g} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def peak_mib(work: Callable[[], object]) -> float:
    """How many MiB more than before were in use at once while it ran, as far as Python knows of them."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def calls_in(work: Callable[[], object]) -> int:
    """How many functions it calls, Python's own included: the same number each time, on any machine."""
    count = 0

    def counting(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
