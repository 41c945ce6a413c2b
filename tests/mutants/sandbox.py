"""A copy of the project with one bug in it, and what its tests say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from tests.mutants.bugs import Bug

ROOT = Path(__file__).parent.parent.parent
COPIED = ("bluegreen", "tests", "examples", "docs", "pyproject.toml", "README.md")
TESTS = (
    "tests/decide",
    "tests/test_commands.py",
    "tests/test_gates.py",
    "tests/test_record.py",
    "tests/test_codec.py",
    "tests/test_memory*.py",
    "tests/test_engine*.py",
    "tests/test_safety_model.py",
    "tests/analysis",
    "tests/test_invariants.py",
    "tests/test_properties_*.py",
)
"""What a bug has to get past, the quick ones first."""
LIMIT_S = 900.0
"""All the tests together take so long at most, on a busy machine too; what takes longer hangs, and is noticed by it."""
FIRST_LIMIT_S = 30
"""Each of the tests that a bug names takes so long at most: they are quick, and many a bug makes one of them hang."""
FIRST_LIMITS = 6
"""And all of them together so many times as long: a loop without end may swallow what should end its test."""
PASSED, FAILED = 0, 1
"""What pytest ends with; anything else means that it could not even begin."""


@frozen
class Verdict:
    """What became of a bug: the test that noticed it (None: it survived), and the seconds that took."""

    bug: Bug | None
    test: str | None
    seconds: float


class Unusable(Exception):
    """The tests could not be run at all, and so say nothing about a bug."""


@contextmanager
def copy() -> Generator[Path]:
    """A copy of the project in a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bluegreen-mutant-") as name:
        root = Path(name)
        for one in COPIED:
            source = ROOT / one
            if source.is_dir():
                shutil.copytree(source, root / one, ignore=shutil.ignore_patterns(".hypothesis"))
            elif source.exists():
                shutil.copy2(source, root / one)
        yield root


def examine(bug: Bug | None) -> Verdict:
    """Plants the bug (None: none at all) in a copy, and runs the tests until one of them notices.

    First those that the bug itself names. Raises `Rotten` and `Unusable`.
    """
    start = time.monotonic()
    with copy() as root:
        if bug is not None:
            bug.plant(root)
        noticed = run(root, bug.first, each_s=FIRST_LIMIT_S) if bug else None
        noticed = noticed or run(root, TESTS)
    return Verdict(bug, noticed, time.monotonic() - start)


def run(root: Path, tests: Iterable[str], *, each_s: int | None = None) -> str | None:
    """The first of these tests (patterns of paths, or `path::test`) that fails in the copy; None when all pass.

    `each_s`: a test that takes longer hangs (default: as long as the project gives it). Raises `Unusable`.
    """
    paths = [path for test in tests for path in _matching(root, test)]
    if not paths:
        raise Unusable(f"there are no tests called {' '.join(tests)}")
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutants.inside", "-p", "no:cacheprovider"]
    command += ["-x", "-q", "--tb=no", "-rfE", *paths]
    if each_s is not None:
        command += ["-o", f"timeout={each_s}"]
    process = subprocess.Popen(
        command,
        cwd=root,
        env=_environment(root),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # in the group of whoever runs this, so that what ends one of them ends both
    limit_s = LIMIT_S if each_s is None else FIRST_LIMITS * each_s
    try:
        said, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        return f"hangs: not done after {limit_s:g} s"
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode == PASSED:
        return None
    found = re.search(r"^FAILED (.+?)(?: - (.*))?$", said, re.MULTILINE)
    if process.returncode != FAILED or found is None:
        raise Unusable(said)
    hangs = "Timeout" in (found[2] or "")
    return found[1] + (" (it hangs)" if hangs else "")


def _matching(root: Path, test: str) -> list[str]:
    pattern, *name = test.split("::")
    return ["::".join([str(path.relative_to(root)), *name]) for path in sorted(root.glob(pattern))]


def _environment(root: Path) -> dict[str, str]:
    """The copy comes before what is installed; properties try the same examples each time, as they do under CI."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE", "PYTEST"))}
    kept.pop("BLUEGREEN_EXAMPLES", None)
    return {**kept, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
