"""The README's example runs as printed; a day of it would take no longer, for time is virtual."""

import asyncio
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from bluegreen.testing import virtual_time

ROOT = Path(__file__).parent.parent


def examples(page: str) -> list[str]:
    """The Python programs of a page: what stands in its fences."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_library_example_runs_as_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = [one for one in examples("README.md") if "asyncio.run" in one]
    monkeypatch.chdir(ROOT)

    def run(main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    monkeypatch.setattr(asyncio, "run", run)
    exec(compile(program, "README.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.startswith("Healthy(revision=")


def test_the_example_fits_a_reader() -> None:
    (program,) = [one for one in examples("README.md") if "asyncio.run" in one]
    assert len(program.splitlines()) <= 20
