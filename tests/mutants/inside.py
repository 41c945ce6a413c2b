"""A pytest plugin for the copy: it refuses to test any other bluegreen than the one in the folder that it runs in.

Without this check a run might test the code that is installed, which has no bug in it, and every bug would survive.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_sessionstart(session: pytest.Session) -> None:
    """Ends the session, as a wrong use of pytest, when bluegreen comes from elsewhere."""
    import bluegreen

    assert bluegreen.__file__ is not None  # it is a package with an __init__
    found = Path(bluegreen.__file__).resolve()
    if not found.is_relative_to(Path.cwd().resolve()):
        raise pytest.UsageError(f"this is not the copy: bluegreen comes from {found}")
