"""The reports that the tests of verifying look at: made side by side, by two processes, once in a run of the tests."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from bluegreen.testing.verifying import Report
from tests.verifying.support import verified

Reports = Callable[..., Report]


@pytest.fixture(scope="session")
def reports() -> Iterator[Reports]:
    """`reports(name, *assume)`: the report of a policy. A module that needs several asks for them all at once first."""
    made: dict[tuple[str, ...], Future[Report]] = {}
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:

        def begun(*asked: str) -> Future[Report]:
            if asked not in made:
                made[asked] = pool.submit(verified, *asked)
            return made[asked]

        def report(*asked: str, ahead: tuple[tuple[str, ...], ...] = ()) -> Report:
            for one in ahead:
                begun(*one)
            return begun(*asked).result()

        yield report
        pool.shutdown(wait=False, cancel_futures=True)
