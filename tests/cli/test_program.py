"""The program as a whole: help that teaches, exit codes that are documented, and ends that are never a traceback."""

import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bluegreen.cli.app import program
from bluegreen.cli.exits import Exit, code_of
from bluegreen.cli.guard import guarded
from bluegreen.errors import Conflict, IllegalCommand, Problem, RecordDamaged, RolloutDegraded, SpecError, WaitTimedOut
from tests.cli.support import BLUEGREEN, ROOT, Cli, Manifest, environment

DOCS = (ROOT / "docs" / "cli.md").read_text()


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command, with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


ALL = dict(commands(program))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_help_of_every_command_teaches_by_an_example(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(program, [*words, "--help"])
    assert done.exit_code == 0
    example = re.search(r"Example[^:]*: (bluegreen [^\n]*(?:\n  \S[^\n]*)*)", done.stdout)
    assert example, done.stdout
    typed = shlex.split(" ".join(example[1].split()))[1:]
    command: click.Command = program
    while isinstance(command, click.Group):
        command = command.commands[typed.pop(0)]
    assert command is ALL[words]
    command.make_context(" ".join(words), typed)  # raises where the example has an option that is not there


def test_the_program_says_where_to_begin_and_what_its_exit_codes_are() -> None:
    said = " ".join(CliRunner().invoke(program, ["--help"]).stdout.split())
    assert "Begin with: bluegreen run -f FILE" in said
    for code in Exit:
        assert f"{code.value} {code.name.lower().replace('_', ' ')}" in said


def test_the_manual_has_every_command_and_every_exit_code() -> None:
    for words in ALL:
        assert f"`{' '.join(words)}" in DOCS, words
    documented = {int(code): name for code, name in re.findall(r"^\| (\d+) \| ([a-z ]+) \|", DOCS, re.MULTILINE)}
    assert documented == {code.value: code.name.lower().replace("_", " ") for code in Exit}


def test_an_error_says_by_its_exit_code_whose_fault_it_is() -> None:
    found = [
        code_of(SpecError([Problem(("spec",), "is wrong")])),
        code_of(IllegalCommand("there is nothing to promote")),
        code_of(RolloutDegraded(None)),
        code_of(WaitTimedOut("too late")),
        code_of(Conflict("it changed")),
        code_of(RecordDamaged("it is no record")),
    ]
    assert found == [Exit.BAD_INPUT, Exit.BAD_INPUT, Exit.DEGRADED, Exit.TIMED_OUT, Exit.BACKEND, Exit.BACKEND]


def test_a_fault_of_the_program_is_a_line_and_its_traceback_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    async def faulty() -> Exit:
        raise ZeroDivisionError("nobody expected this")

    assert guarded(faulty, debug=False) is Exit.INTERNAL
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bluegreen itself failed: ZeroDivisionError")
    written = Path(line.split("the traceback is in ")[1].split(" (")[0])
    try:
        assert "nobody expected this" in written.read_text()
        assert written.stat().st_mode & 0o077 == 0, "for the user alone"
    finally:
        written.unlink()
    assert guarded(faulty, debug=True) is Exit.INTERNAL
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_extra_it_prints_the_one_line_that_installs_it(missing: str) -> None:
    script = f"import sys; sys.modules[{missing!r}] = None\nfrom bluegreen.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, cwd=ROOT, timeout=30
    )
    assert done.stderr == "the bluegreen command needs its extras: pip install 'bluegreen[cli,local]'\n"
    assert (done.returncode, done.stdout) == (Exit.BACKEND, "")


def test_a_wrong_word_is_bad_input() -> None:
    assert CliRunner().invoke(program, ["relase"]).exit_code == Exit.BAD_INPUT
    assert CliRunner().invoke(program, ["set", "image", "a", "b", "c"]).exit_code == Exit.BAD_INPUT


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "default.shop").mkdir()
    (tmp_path / "default.shop" / "state.db").touch()
    done = CliRunner().invoke(program, ["get", "shpo", "--state-dir", str(tmp_path)])
    assert (done.exit_code, "did you mean shop?" in done.stderr) == (Exit.BAD_INPUT, True)
    empty = CliRunner().invoke(program, ["get", "--state-dir", str(tmp_path / "none")])
    assert "begin with bluegreen run -f FILE" in empty.stderr


def test_several_rollouts_have_to_be_told_apart(tmp_path: Path) -> None:
    for name in ("default.shop", "staging.shop", "default.till"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.db").touch()
    done = CliRunner().invoke(program, ["history", "--state-dir", str(tmp_path)])
    assert "name one of them: shop, till, staging/shop" in done.stderr


def test_the_unit_for_systemd_runs_a_command_that_exists() -> None:
    path = ROOT / "examples" / "systemd" / "bluegreen@.service"
    settings = dict(re.findall(r"^(\w+)=(.+)$", path.read_text(), re.MULTILINE))
    _, verb, *words = shlex.split(settings["ExecStart"])
    ALL[(verb,)].make_context(verb, words)
    assert settings["KillMode"] == "process", "replicas outlive their driver"
    if shutil.which("systemd-analyze"):
        verified(path.read_text())


def verified(text: str) -> None:
    """Lets systemd itself read the unit, with a program and a user that are here."""
    there = Path(sys.executable).with_name("bluegreen")
    text = text.replace("/opt/bluegreen/bin/bluegreen", str(there)).replace("User=bluegreen", f"User={os.getuid()}")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "bluegreen@.service")
        copy.write_text(text)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(copy)],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
    about_ours = [line for line in done.stderr.splitlines() if copy.name in line]  # it reads those of the machine too
    assert (done.returncode, about_ours) == (0, [])


@pytest.mark.real
def test_on_a_terminal_the_tree_is_live_until_ctrl_c(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    leader, follower = pty.openpty()
    words = [*BLUEGREEN, "get", "-w", "--state-dir", str(cli.state_dir)]
    watch = subprocess.Popen(words, stdout=follower, stderr=follower, cwd=ROOT, env={**environment(), "TERM": "xterm"})
    os.close(follower)
    try:
        said = b""
        late = time.monotonic() + 20
        while b"shop:v1" not in said and time.monotonic() < late:
            said += os.read(leader, 65536)
        watch.send_signal(signal.SIGINT)
        with suppress(OSError):  # the terminal is gone with its last user
            while os.read(leader, 65536):
                pass
        assert watch.wait(10) == Exit.INTERRUPTED
    finally:
        watch.kill()
        watch.wait()
        os.close(leader)
    text = said.decode()
    assert "\x1b[" in text
    assert "layer service" in text
    assert "live traffic on revision 1" in text
