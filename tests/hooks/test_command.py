"""Programs as steps of a release: once under a key, found again, stopped, and told apart from what did not begin."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from attrs import evolve

from bluegreen import hooks
from bluegreen.engine.secrets import redacted
from bluegreen.errors import PermanentBackendError
from bluegreen.hooks import LocalHooks
from bluegreen.hooks.command import keeper
from bluegreen.hooks.command.process import Process, alive, last_lines, session
from tests.hooks.support import RELEASE, files_below, key, mark_of, marking, outcome, run, shell, times_run

pytestmark = pytest.mark.real
SECRET = "correct-horse-battery"


def process_of(folder: Path) -> Process:
    """The process that has the only mark."""
    mark = mark_of(folder)
    return Process(mark["pid"], mark["started"])


async def begun(file: Path) -> None:
    """Waits until a marking hook has run its first line."""
    async with asyncio.timeout(20):
        while not times_run(file):
            await asyncio.sleep(0.01)


async def test_a_program_that_succeeds_gives_its_last_lines(steps: LocalHooks) -> None:
    ended = await run(steps, shell("seq 1 100; echo done >&2"))
    assert (ended.error, ended.value["exitCode"]) == ("", 0)
    lines = ended.value["output"].splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("82", "done", 20)
    assert ended.started_at <= ended.finished_at


async def test_a_program_that_fails_says_how_and_is_not_tried_again(steps: LocalHooks) -> None:
    ended = await run(steps, shell("echo no such table; exit 3"))
    assert (ended.error, ended.retry, ended.value) == ("exit code 3: no such table", False, None)
    killed = await run(steps, shell("kill -9 $$"), key(number=1))
    assert (killed.error, killed.retry) == ("killed by signal 9", False)


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ({"argv": ["/no/such/program"]}, "/no/such/program cannot be started"),
        ({"argv": ["true"], "cwd": "/no/such/folder"}, "cannot be started in /no/such/folder: No such file"),
        ({"argv": ["/etc/passwd"]}, "Permission denied"),
    ],
)
async def test_what_cannot_be_started_is_an_error_and_not_tried_again(
    steps: LocalHooks, hook: dict[str, object], words: str
) -> None:
    ended = await run(steps, {"kind": "command", "release": RELEASE, **hook})
    assert words in ended.error
    assert not ended.retry


@pytest.mark.parametrize(
    "hook",
    [
        {"kind": "carrier-pigeon"},
        {"kind": "command"},
        {"kind": "command", "argv": []},
        {"kind": "command", "argv": "true"},
        {"kind": "command", "argv": ["true", 1]},
        {"kind": "command", "argv": ["true"], "cwd": 1},
        {"kind": "command", "argv": ["true"], "env": ["A=1"]},
        {"kind": "command", "argv": ["true"], "env": {"A=B": "1"}},
        {"kind": "command", "argv": ["true"], "env": {"A": "nul\0"}},
        {"kind": "command", "argv": ["true", "x" * 200_000]},
    ],
    ids=lambda hook: " ".join(f"{name} {value!r}"[:30] for name, value in hook.items()),
)
async def test_a_hook_that_makes_no_sense_is_refused_at_once(steps: LocalHooks, hook: dict[str, object]) -> None:
    with pytest.raises(PermanentBackendError):
        await steps.start(key(), hook)


async def test_a_program_gets_what_is_declared_and_nothing_of_the_engines(
    steps: LocalHooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_JOB_TOKEN", SECRET)
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    ended = await run(steps, {**shell(""), "argv": ["env"], "env": {"MODE": "fast", "PORT": 1, "HOME": "/h"}})
    got = dict(line.split("=", 1) for line in ended.value["output"].splitlines())
    assert got.pop("PATH") == os.environ["PATH"]
    got.pop("LANG", None)
    assert got == {
        "MODE": "fast",
        "PORT": "1",
        "HOME": "/h",
        "BLUEGREEN_ROLLOUT": "shop",
        "BLUEGREEN_NAMESPACE": "default",
        "BLUEGREEN_REVISION": "bbb",
        "BLUEGREEN_STABLE": "aaa",
        "BLUEGREEN_ATTEMPT": "2",
        "BLUEGREEN_HOOK": "beforePreview/migrate",
    }


async def test_a_program_runs_where_it_is_told_to(steps: LocalHooks, tmp_path: Path) -> None:
    assert (await run(steps, shell("pwd", cwd=str(tmp_path)))).value["output"] == str(tmp_path)
    assert (await run(steps, shell("pwd"), key(number=1))).value["output"] == str(Path.cwd())


async def test_a_secret_is_in_the_programs_environment_and_nowhere_else(steps: LocalHooks, folder: Path) -> None:
    """Its length gets through; of its words there is nothing in any file, nor in what any process was called with."""
    await steps.start(key(), shell("echo ${#TOKEN}; sleep 0.5", env={"TOKEN": SECRET}))
    seen = ""
    while await steps.poll(key()) is None:
        for pid in (name for name in os.listdir("/proc") if name.isdigit()):
            try:
                seen += Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
            except OSError:
                continue
        await asyncio.sleep(0.02)
    ended = await outcome(steps, key())
    assert ended.value["output"] == str(len(SECRET))
    assert "sleep" in seen, "the program was looked at"
    assert SECRET not in seen
    assert not [path for path, text in files_below(folder).items() if SECRET in text]


async def test_what_is_written_is_for_the_owner_alone(steps: LocalHooks, folder: Path) -> None:
    await run(steps, shell("echo hello"))
    found = list(folder.rglob("*"))
    assert len(found) >= 4
    assert not [path for path in (folder, *found) if path.stat().st_mode & 0o077]


async def test_output_is_bounded_and_its_end_is_kept(steps: LocalHooks, folder: Path) -> None:
    ended = await run(steps, shell("head -c 9000000 /dev/zero | tr '\\0' x; echo; echo the end"))
    assert ended.value["output"].endswith("the end")
    assert len(ended.value["output"]) <= 2000
    sizes = [path.stat().st_size for path in folder.rglob("output.log*")]
    assert len(sizes) == 2
    assert max(sizes) <= keeper.LIMIT_BYTES


@pytest.mark.parametrize("after", [1975, 1980, 1985, 1988, 1990, 1994, 1996])
@pytest.mark.parametrize(
    "secret", [SECRET, "correct horse battery", "correct\rhorse\x1bbattery", "correct-horse\nbattery!!"]
)
def test_no_half_of_a_secret_is_left_where_output_is_cut(tmp_path: Path, secret: str, after: int) -> None:
    file = tmp_path / "output.log"
    file.write_bytes(f"connecting with {secret} {'z' * (after - 10)} and more".encode())
    shown = last_lines(file, 20, 2000)
    assert len(shown) <= 2000
    left = str(redacted(shown, {"args.token": secret}))
    assert left.endswith("z and more")
    assert left.startswith(("***", "\u2026 ")), "and one can see that it was cut"
    assert not [part for part in ("orrect", "orse", "ttery") if part in left]


@pytest.mark.parametrize("more", [16355, 16360, 16366, 16372, 16383])
def test_no_half_of_a_secret_is_left_where_reading_begins(tmp_path: Path, more: int) -> None:
    file = tmp_path / "output.log"
    file.write_text(f"connecting with {SECRET}{' ' * more}\n")
    assert last_lines(file, 20, 2000) in ("", f"\u2026 {SECRET}", f"\u2026 with {SECRET}")


def test_output_goes_on_from_the_file_before_it(tmp_path: Path) -> None:
    """A new file begins wherever the program happened to be, also within a word."""
    (tmp_path / "output.log.1").write_text("begin\nwith correct-hor")
    file = tmp_path / "output.log"
    file.write_text("se-battery\nend\n")
    assert last_lines(file, 2, 2000) == f"with {SECRET}\nend"
    assert last_lines(file, 2, 20) == "\u2026 end"
    assert last_lines(tmp_path / "nothing", 2, 20) == ""


@pytest.mark.parametrize(
    "secret", ["hunter2\x1bSESAME", "hunter2\r\nSESAME", "hunter2\x85\u2028SESAME\xa0", "hunter2\tSESAME"]
)
def test_a_secret_that_cannot_be_shown_is_found_as_it_is_shown(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "output.log"
    file.write_bytes(f"pw: {secret}!\n\x1b[31mred\x1b[0m\r\n".encode())
    shown = last_lines(file, 20, 2000)
    assert all(letter.isprintable() or letter in "\n\t" for letter in shown)
    assert "hunter2SESAME" not in shown, "a break stays one"
    assert redacted(shown, {"args.token": secret}) == "pw: ***!\n\ufffd[31mred\ufffd[0m"


async def test_a_step_runs_once_under_its_key_whoever_asks(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "ran"
    drivers = [LocalHooks(folder) for _ in range(5)]
    await asyncio.gather(*(one.start(key(), marking(file)) for one in drivers for _ in range(2)))
    ended = [await outcome(one, key()) for one in drivers]
    assert times_run(file) == 1
    assert {(one.error, one.started_at, one.finished_at) for one in ended} == {
        ("", ended[0].started_at, ended[0].finished_at)
    }
    later = LocalHooks(folder)
    assert (await run(later, marking(file))).error == ""
    assert times_run(file) == 1
    await run(later, marking(file), key(number=1))
    assert times_run(file) == 2, "another key is another step"


async def test_many_programs_of_many_processes_begin_once_each(folder: Path, tmp_path: Path) -> None:
    """Twenty keys, each asked for by four processes at once."""
    script = (
        "import asyncio, sys\nfrom bluegreen.hooks import LocalHooks\n"
        "from tests.hooks.support import key, marking, outcome\nfrom pathlib import Path\n"
        "async def main():\n    steps = LocalHooks(sys.argv[1])\n"
        "    keys = [key(number=n) for n in range(20)]\n"
        "    for n, one in enumerate(keys): await steps.start(one, marking(Path(sys.argv[2], str(n))))\n"
        "    assert not [e for e in [await outcome(steps, one, 50) for one in keys] if e.error]\n"
        "asyncio.run(main())\n"
    )
    words = (sys.executable, "-c", script, str(folder), str(tmp_path))
    drivers = [await asyncio.create_subprocess_exec(*words) for _ in range(4)]
    assert [await one.wait() for one in drivers] == [0] * 4
    assert [times_run(tmp_path / str(number)) for number in range(20)] == [1] * 20


async def test_a_program_outlives_its_driver_and_is_found_by_the_next(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "ran"
    hook = marking(file, "sleep 1; echo late")
    async with hooks.connect(folder) as first:
        await first.start(key(), hook)
        await begun(file)
    async with hooks.connect(folder) as second:
        await second.start(key(), hook)
        assert await second.poll(key()) is None
        assert (await outcome(second, key())).value["output"] == "late"
    assert times_run(file) == 1


async def test_a_program_whose_keeper_was_killed_was_interrupted_and_is_not_run_again(
    steps: LocalHooks, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ran"
    hook = marking(file, "sleep 600")
    await steps.start(key(), hook)
    await begun(file)
    keeper_, left = process_of(folder), session(process_of(folder))
    assert len(left) >= 2
    os.kill(keeper_.pid, signal.SIGKILL)
    ended = await outcome(steps, key())
    assert "it was interrupted" in ended.error
    assert not ended.retry
    assert session(keeper_) == [], "what was left of it is stopped"
    again = LocalHooks(folder)
    assert (await run(again, hook)).error == ended.error
    assert times_run(file) == 1


async def test_a_program_that_was_killed_before_it_began_did_not_happen(
    steps: LocalHooks, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "__file__", "/no/such/keeper.py")
    ended = await run(steps, marking(tmp_path / "ran"))
    assert (ended.retry, "before it began" in ended.error) == (True, True)
    assert await steps.poll(key()) == ended, "whoever asks again hears the same"
    monkeypatch.undo()
    assert await run(steps, marking(tmp_path / "ran")) == ended, "nobody begins it under this key now"
    assert not (tmp_path / "ran").exists()
    assert (await run(steps, marking(tmp_path / "ran"), evolve(key(), number=1))).error == ""


async def test_a_pid_that_was_given_to_another_process_is_not_taken_for_the_program(
    steps: LocalHooks, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ran"
    await steps.start(key(), marking(file, "sleep 600"))
    await begun(file)
    real = process_of(folder)
    (mark,) = folder.rglob("begun")
    mark.write_text(mark.read_text().replace(str(real.pid), str(os.getpid()), 1))
    assert "interrupted" in (await outcome(LocalHooks(folder), key())).error
    assert alive(real)
    os.killpg(real.pid, signal.SIGKILL)


# Cancelling.


async def test_a_cancelled_program_may_end_by_itself(steps: LocalHooks, folder: Path, tmp_path: Path) -> None:
    file, parting = tmp_path / "ran", tmp_path / "parting"
    await steps.start(key(), marking(file, f"trap 'echo bye > {parting}; exit 0' TERM; while :; do sleep 0.05; done"))
    await begun(file)
    await asyncio.sleep(0.1)
    await steps.cancel(key())
    assert parting.read_text() == "bye\n"
    assert session(process_of(folder)) == []
    ended = await outcome(steps, key())
    assert (ended.error.split(":")[0], ended.retry) == ("cancelled", False), "an exit code of 0 is no success then"


async def test_a_cancelled_program_that_does_not_listen_is_killed_with_its_children(
    steps: LocalHooks, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ran"
    await steps.start(key(), marking(file, "trap '' TERM; sleep 600 & (trap '' TERM; sleep 601); wait"))
    await begun(file)
    began = asyncio.get_running_loop().time()
    await LocalHooks(folder).cancel(key())
    assert 4.5 < asyncio.get_running_loop().time() - began < 9
    assert session(process_of(folder)) == []
    ended = await outcome(steps, key())
    assert (ended.error, ended.retry) == ("cancelled", False)


async def test_what_is_cancelled_before_it_begins_never_does(
    steps: LocalHooks, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, slow = tmp_path / "ran", tmp_path / "slow.py"
    slow.write_text(f"import runpy, time\ntime.sleep(0.7)\nrunpy.run_path({keeper.__file__!r}, run_name='__main__')\n")
    monkeypatch.setattr(keeper, "__file__", str(slow))
    await steps.start(key(), marking(file))
    assert await steps.poll(key()) is None
    await steps.cancel(key())
    ended = await run(steps, marking(file))
    assert (ended.error, ended.retry) == ("cancelled", False)
    await asyncio.sleep(1.5)
    assert times_run(file) == 0


async def test_cancelling_what_ended_or_never_began_is_no_error(steps: LocalHooks, folder: Path) -> None:
    await steps.cancel(key())
    assert not folder.exists()
    await run(steps, shell("echo done"))
    await steps.cancel(key())
    assert (await outcome(steps, key())).value["output"] == "done"


async def test_a_daemon_that_keeps_the_output_open_does_not_hold_the_step_up(
    steps: LocalHooks, folder: Path, tmp_path: Path
) -> None:
    began = asyncio.get_running_loop().time()
    ended = await run(steps, shell("echo done; sleep 600 &"))
    assert ended.value["output"] == "done"
    assert asyncio.get_running_loop().time() - began < 5


async def test_old_output_is_dropped_and_that_it_ran_is_not(
    steps: LocalHooks, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bluegreen.hooks.command.OUTPUTS_KEPT", 2)
    file = tmp_path / "ran"
    for number in range(5):
        await run(steps, marking(file, "echo hello"), key(number=number))
    assert len(list(folder.rglob("output.log"))) == 3, "two, and the one that came after them"
    for number in range(5):
        assert (await run(LocalHooks(folder), marking(file), key(number=number))).value["exitCode"] == 0
    assert times_run(file) == 5
