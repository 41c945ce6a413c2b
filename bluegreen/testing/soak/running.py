"""Many runs, on several processes at once, until there were enough of them."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Final

from attrs import define, field

from bluegreen.testing.soak.scenario import Ran, run

BATCH: Final = 10
"""So many runs are handed to a process at a time."""
TELL_EVERY_S: Final = 5.0


@define
class Progress:
    """What the runs have come to so far: their number and virtual time, ours, and those in which a promise broke."""

    runs: int = 0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    seconds: float = 0.0
    broken: list[Ran] = field(factory=list[Ran])

    def add(self, ran: Ran) -> None:
        """One more run is over."""
        self.runs += 1
        self.virtual_s += ran.virtual_s
        self.cpu_s += ran.cpu_s
        if ran.found is not None:
            self.broken.append(ran)


def soak(
    first: int, runs: int | None, seconds: float | None, processes: int, tell: Callable[[Progress], None]
) -> Progress:
    """Makes the runs with seeds from `first` on: so many, or until so many seconds have passed. Tells of progress every
    few seconds. With one process, all of it happens in this one."""
    batches = _Batches(first, runs, seconds)
    if processes <= 1:
        return _alone(batches, tell)
    progress, told_s = Progress(), time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_collect_seldom) as pool:
        under_way: set[Future[list[Ran]]] = set()
        while True:
            while len(under_way) < 2 * processes and (batch := batches.next()):
                under_way.add(pool.submit(_batch, batch))
            if not under_way:
                progress.seconds = batches.passed_s
                return progress
            over, under_way = wait(under_way, TELL_EVERY_S, FIRST_COMPLETED)
            for one in over:
                for ran in one.result():
                    progress.add(ran)
            if time.monotonic() - told_s >= TELL_EVERY_S:
                told_s = time.monotonic()
                progress.seconds = batches.passed_s
                tell(progress)


def _collect_seldom() -> None:
    """A run makes much that lives until it is over, and looking through all of that again and again finds nothing."""
    gc.set_threshold(200_000, 20, 20)


def _alone(batches: _Batches, tell: Callable[[Progress], None]) -> Progress:
    progress, told_s = Progress(), time.monotonic()
    while batch := batches.next():
        for ran in _batch(batch):
            progress.add(ran)
        progress.seconds = batches.passed_s
        if time.monotonic() - told_s >= TELL_EVERY_S:
            told_s = time.monotonic()
            tell(progress)
    return progress


def _batch(seeds: list[int]) -> list[Ran]:
    return [run(seed) for seed in seeds]


class _Batches:
    """The seeds that are still to be run."""

    def __init__(self, first: int, runs: int | None, seconds: float | None) -> None:
        self._seeds = itertools.count(first)
        self._left = runs
        self._seconds = seconds
        self._began_s = time.monotonic()

    @property
    def passed_s(self) -> float:
        """Seconds since the first of them."""
        return time.monotonic() - self._began_s

    def next(self) -> list[int]:
        """The next few seeds; empty when there were enough."""
        if self._seconds is not None and self.passed_s >= self._seconds:
            return []
        count = BATCH if self._left is None else min(BATCH, self._left)
        if self._left is not None:
            self._left -= count
        return list(itertools.islice(self._seeds, count))
