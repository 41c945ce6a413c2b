"""The pytest plugin that comes with the package: virtual time, and the time line of a trace that breaks a rule.

pytest loads it by itself wherever bluegreen is installed; so it imports nothing before a test asks for it. Its name is
`bluegreen`: `-p no:bluegreen` leaves it out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any, TypeAlias

import pytest

RunInVirtualTime: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]
"""What the fixture gives: it runs a coroutine to its end, and returns what that returns."""


@pytest.fixture(scope="session")
def virtual_time() -> RunInVirtualTime:
    """Runs a coroutine to its end on a loop whose clock jumps: `virtual_time(main())`.

    Each call has a loop of its own: nothing is carried over between tests, nor between the examples of `@given`.
    """
    from bluegreen.testing.virtual_time import run

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """pytest shows of `assert rule, trace` what the trace is in one line; the time line is added to the report."""
    report = yield
    if call.excinfo is not None and report.failed:
        report.sections += [(f"time line of {name}", told.lstrip("\n")) for name, told in _told(call.excinfo)]
    return report


def _told(failure: pytest.ExceptionInfo[BaseException]) -> Iterator[tuple[str, str]]:
    """The traces that the failure's message names, by the names of their variables; each once."""
    recording = sys.modules.get("bluegreen.testing.trace.recording")
    if recording is None:
        return
    message, seen = str(failure.value), set[int]()
    for entry in failure.traceback:
        for name, value in entry.locals.items():
            if isinstance(value, recording.Trace) and id(value) not in seen and repr(value) in message:
                seen.add(id(value))
                yield name, str(value)
