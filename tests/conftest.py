"""How much the property tests try, and what continuous integration does not let pass.

    BLUEGREEN_EXAMPLES=5000 make test    (or pytest tests/test_properties_engine.py)

tries so many scenarios of each property, for as long as that takes.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("BLUEGREEN_EXAMPLES", "0"))
IN_CI = os.environ.get("CI") == "true"

_ALWAYS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
settings.register_profile("short", _ALWAYS, max_examples=40)
settings.register_profile("ci", _ALWAYS, max_examples=40, derandomize=True)
settings.register_profile("long", _ALWAYS, max_examples=EXAMPLES or 1)
settings.load_profile("long" if EXAMPLES else "ci" if IN_CI else "short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With more examples, a property may take its time, and so may the whole session."""
    if not EXAMPLES:
        return
    config.option.session_timeout = 0
    for item in items:
        if item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.timeout(0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In continuous integration a test with a real server that skips has failed: the server has to be there."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and item.get_closest_marker("real") and os.environ.get("CI") == "true":
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"under CI=true nothing real is skipped: {why}"
    return report
