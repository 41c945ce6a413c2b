"""The page about conformance: its snippets run as printed, and it names every suite."""

import asyncio
import importlib
import inspect
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bluegreen import Records, RevisionId, Slot, Target, load
from bluegreen.backends import memory
from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.hooks import LocalHooks
from bluegreen.ports import NoData
from bluegreen.spec import JSON
from bluegreen.testing import conformance, virtual_time
from tests.hooks.conftest import stop_all

ROOT = Path(__file__).parents[2]
SUITES = {name: importlib.import_module(f"bluegreen.testing.conformance.{name}") for name in conformance.SUITES}
NAMES: dict[str, object] = {
    **SUITES,
    **{one.__name__: one for one in (BackendError, PermanentBackendError, Problem, NoData, LocalHooks, Path)},
    **{one.__name__: one for one in (RevisionId, Slot, Target, asynccontextmanager, Mapping, AsyncGenerator)},
    "pytest": pytest,
    "asyncio": asyncio,
    "memory": memory,
    "load": load,
    "JSON": JSON,
    "Records": Records,
}


def snippets() -> dict[str, str]:
    """The page's Python, by the suite that it is about."""
    page = (ROOT / "docs/conformance.md").read_text()
    found = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return {name: one for one in found for name in SUITES if f"{name}.RULES" in one}


def runner(suite: str) -> Callable[[Any], None]:
    """Programs are real, and what counts open files is too; the rest takes no time."""
    return asyncio.run if suite in ("hooks", "metrics") else virtual_time.run


@pytest.mark.real
@pytest.mark.parametrize("suite", SUITES)
def test_the_snippet_runs_as_printed(suite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names = dict(NAMES)
    exec(compile(snippets()[suite], f"docs/conformance.md: {suite}", "exec"), names)
    (test,) = [one for name, one in names.items() if name.startswith("test_") and inspect.isfunction(one)]
    (mark,) = test.pytestmark  # type: ignore[attr-defined]
    rules = list(mark.args[1])
    assert rules == list(SUITES[suite].RULES)
    for number, rule in enumerate(rules):
        more = {"tmp_path": tmp_path / str(number)} if "tmp_path" in inspect.signature(test).parameters else {}
        (tmp_path / str(number)).mkdir()
        runner(suite)(test(rule, **more))
    asyncio.run(stop_all(tmp_path))


def test_every_suite_is_documented_and_exported() -> None:
    assert set(snippets()) == set(conformance.SUITES)
    folder = Path(conformance.__file__).parent
    found = {path.parent.name if path.name == "__init__.py" else path.stem for path in folder.rglob("*.py")}
    assert set(conformance.SUITES) <= found
    assert all(name in (conformance.__doc__ or "") for name in conformance.SUITES)
