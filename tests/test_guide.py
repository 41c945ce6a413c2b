"""The guide "Test your rollout policy" is true: its files are read, its programs run, its output is what comes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.property, pytest.mark.timeout(600)]  # it plays a few hundred releases

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "test-your-policy.md"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
KINDS = {"yaml", "console", "python", "text"}


def snippets(kind: str) -> list[str]:
    """What stands in the fences of this kind."""
    return [body for found, body in _FENCE.findall(GUIDE.read_text()) if found == kind]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every file that the guide shows, each at the place that its first line names."""
    for body in [*snippets("yaml"), *snippets("python"), *snippets("text")]:
        if found := re.match(r"# (\S+/\S+)\n", body):
            path = tmp_path / found[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_snippet_is_of_a_kind_that_is_run() -> None:
    assert {kind for kind, _ in _FENCE.findall(GUIDE.read_text())} <= KINDS


def sessions() -> list[tuple[str, str]]:
    """Each command of the guide, with the output that is shown."""
    return [one for body in snippets("console") for one in _COMMAND.findall(body)]


@pytest.mark.parametrize(("command", "shown"), sessions(), ids=[command for command, _ in sessions()])
def test_every_command_prints_what_is_shown(command: str, shown: str, project: Path) -> None:
    """A line of `...` stands for any number of lines."""
    words = shlex.split(command)
    program = {"bluegreen": ["-m", "bluegreen"], "python": [], "pytest": ["-m", "pytest", "-p", "no:cacheprovider"]}
    done = subprocess.run(
        [sys.executable, *program[words[0]], *words[1:]],
        check=False,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        capture_output=True,
        text=True,
    )
    pattern = "".join(".*?" if line == "...\n" else re.escape(line) for line in shown.splitlines(keepends=True))
    assert re.fullmatch(pattern, done.stdout, re.DOTALL), done.stdout + done.stderr


def programs() -> list[str]:
    """The Python of the guide: each goes on from those before it."""
    return snippets("python")


def test_every_program_runs_and_so_does_every_test_in_it(project: Path) -> None:
    known: dict[str, object] = {"__name__": "guide"}
    ran = 0
    for body in programs():
        before = set(known)
        exec(compile(body, str(GUIDE), "exec"), known)
        for name in [one for one in known if one not in before and one.startswith("test_")]:
            test = known[name]
            assert callable(test)
            test()
            ran += 1
    assert ran == GUIDE.read_text().count("\ndef test_")
