"""`command`: real programs, what they say, what they see, and that nothing of them is left."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.metrics import Context
from bluegreen.metrics.command import COMPLAINT_MAX, OUTPUT_MAX, Command
from bluegreen.testing.conformance import metrics
from tests.local.support import eventually

pytestmark = pytest.mark.real


async def run(*argv: str, **more: Any) -> dict[str, Any]:
    """What one run comes to."""
    found: dict[str, Any] = await Command(Context("shop")).measure({"argv": list(argv), **more})
    return found


async def script(text: str, **more: Any) -> dict[str, Any]:
    """What a piece of Python comes to."""
    return await run(sys.executable, "-S", "-c", text, **more)


def said(output: Any, *, code: int = 0) -> dict[str, Any]:
    """A run that said this, and complained of nothing."""
    return {"exitCode": code, "output": output, "stderr": ""}


def gone(file: Path) -> Callable[[], Awaitable[bool]]:
    """Whether the process whose pid stands in the file has ended."""
    status = Path("/proc", file.read_text().strip(), "status")

    async def check() -> bool:
        return not status.exists() or "State:\tZ" in status.read_text()

    return check


CHILD = "echo $$ > {file}; sleep 300"
FORKS = "import subprocess, time; subprocess.Popen(['sh', '-c', {child!r}]); time.sleep({seconds})"


def forks(file: Path, seconds: float) -> str:
    """A program that starts another, and lives so long itself."""
    return FORKS.format(child=CHILD.format(file=file), seconds=seconds)


async def test_json_is_understood_and_anything_else_is_text() -> None:
    assert await run("echo", '{"errors": [1, 2.5]}') == said({"errors": [1, 2.5]})
    assert await run("echo", "not json\n") == said("not json")
    assert await run("true") == said("")
    assert await run("printf", "\\377") == said("\N{REPLACEMENT CHARACTER}")
    deep = "[" * 5000 + "]" * 5000
    assert await run("echo", deep) == said(deep)


async def test_an_exit_code_is_a_value_and_so_is_the_signal_that_ended_it() -> None:
    assert await run("sh", "-c", "echo 3; exit 7") == said(3, code=7)
    assert await run("sh", "-c", "kill -TERM $$") == said("", code=-signal.SIGTERM)


async def test_of_a_long_output_the_end_is_kept() -> None:
    found = await script("import sys\nfor n in range(200000): print(n)")
    assert len(found["output"]) <= OUTPUT_MAX
    assert found["output"].endswith("199999")


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("'s3cret' * 20_000 + ' cret' * 3 + ' the end'", "cret cret cret the end"),
        ("'s3cret ' * 10_000 + chr(10) + 'cret' + chr(10) + 'the end'", "cret\nthe end"),
        ("'s3cret' * 20_000", ""),
        ("'9' * 70_000 + ' 5'", "5"),
    ],
)
async def test_what_is_kept_of_more_begins_with_a_whole_line_or_word(printed: str, kept: str) -> None:
    """Half a secret would be recognised by nobody; and the end of something long is a text, whatever it looks like."""
    found = await script(f"import sys; text = {printed}; print(text); print(text, file=sys.stderr)")
    assert found == {"exitCode": 0, "output": kept, "stderr": kept}


async def test_the_end_of_what_it_complains_of_is_kept_and_fit_to_be_shown() -> None:
    found = await script("import sys; [print('no', n, file=sys.stderr) for n in range(50000)]; print(5); sys.exit(3)")
    assert (found["exitCode"], found["output"]) == (3, 5)
    lines = found["stderr"].splitlines()
    assert lines == [f"no {n}" for n in range(50_000 - len(lines), 50_000)]
    assert COMPLAINT_MAX - 10 < len(found["stderr"]) <= COMPLAINT_MAX
    odd = await script(r"import sys; sys.stderr.buffer.write(b'\x1b[31mno\tway\x00\xff\r\nbye\n')")
    assert odd["stderr"] == "?[31mno?way???\nbye".replace("?", "\N{REPLACEMENT CHARACTER}")


async def test_it_sees_nothing_of_this_process_but_three_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_TOKEN", "s3cret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    found = await script("import json, os; print(json.dumps(dict(os.environ)))", env={"URL": "http://a", "N": 1})
    seen = found["output"]
    assert (seen.pop("URL"), seen.pop("N"), seen["LANG"]) == ("http://a", "1", "C.UTF-8")
    assert set(seen) <= {"PATH", "HOME", "LANG", "LC_CTYPE"}


async def test_it_starts_in_its_folder_with_nothing_to_read(tmp_path: Path) -> None:
    assert (await run("pwd", cwd=str(tmp_path)))["output"] == str(tmp_path)
    assert (await run("cat"))["output"] == ""


async def test_at_the_limit_it_is_killed_with_its_children(tmp_path: Path) -> None:
    child, began = tmp_path / "child", time.monotonic()
    with pytest.raises(BackendError, match="did not end within 1 s"):
        await script(forks(child, 300), timeout="1s")
    assert time.monotonic() - began < 5
    await eventually(gone(child), 3)


async def test_cancelled_it_is_killed_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    task = asyncio.create_task(script(forks(child, 300)))

    async def started() -> bool:
        return child.exists() and child.read_text() != ""

    await eventually(started)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    await eventually(gone(child), 3)


async def test_what_it_leaves_running_is_killed_when_it_ends(tmp_path: Path) -> None:
    child, began = tmp_path / "child", time.monotonic()
    found = await script(forks(child, 1))
    assert found["exitCode"] == 0
    assert time.monotonic() - began < 5
    await eventually(gone(child), 3)


async def test_a_stranger_that_holds_the_output_open_is_not_waited_for(tmp_path: Path) -> None:
    """One in a session of its own is not ours to kill, and does not keep us."""
    file, began = tmp_path / "pid", time.monotonic()
    text = (
        "import os, subprocess; print(5, flush=True); p = subprocess.Popen(['sleep', '20'], start_new_session=True)\n"
    )
    text += f"open({str(file)!r}, 'w').write(str(p.pid)); os._exit(0)"
    try:
        assert await script(text) == said(5)
        assert time.monotonic() - began < 5
    finally:
        os.kill(int(file.read_text()), signal.SIGKILL)


async def test_what_cannot_be_started_is_said_without_its_name(tmp_path: Path) -> None:
    (tmp_path / "s3cret").write_text("#!/bin/sh\n")
    for argv, more in ((["no-such-s3cret"], {}), (["true"], {"cwd": "/no/s3cret"}), ([str(tmp_path / "s3cret")], {})):
        with pytest.raises(PermanentBackendError) as refused:
            await run(*argv, **more)
        assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({}, "argv"),
        ({"argv": []}, "argv"),
        ({"argv": "true"}, "argv"),
        ({"argv": ["a", 1]}, "argv"),
        ({"argv": ["a\0"]}, "argv"),
        ({"argv": [""]}, "argv.0"),
        ({"argv": ["a"], "env": ["A=b"]}, "env"),
        ({"argv": ["a"], "env": {"A=": "b"}}, "env.A="),
        ({"argv": ["a"], "timeout": "2h"}, "timeout"),
        ({"argv": ["a"], "shell": True}, "shell"),
    ],
)
def test_a_query_that_cannot_be_run_is_refused_at_its_place(query: Mapping[str, Any], place: str) -> None:
    assert [".".join(map(str, one.path)) for one in Command.check(query)] == [place]


@pytest.mark.parametrize("query", [{}, {"argv": None}])
def test_of_what_is_missing_it_says_what_to_write(query: Mapping[str, Any]) -> None:
    """A null is as good as absent, and no better."""
    assert [str(one.remedy) for one in Command.check(query)] == ["write argv: ..."]


def test_it_says_how_long_it_may_take() -> None:
    assert [Command.takes_s({"argv": ["a"], "timeout": one}) for one in ("2m", "{{args.x}}")] == [121, 3601]


def test_without_a_condition_exit_code_0_is_a_success() -> None:
    assert Command.SUCCESS_CONDITION == "result.exitCode == 0"


@pytest.mark.parametrize("rule", metrics.RULES)
async def test_it_keeps_the_rules_for_metric_providers(rule: str) -> None:
    def query(*argv: str) -> dict[str, Any]:
        return {"argv": list(argv), "env": {"TOKEN": "s3cret"}, "timeout": "5s", "cwd": "/"}

    await metrics.check(
        rule,
        metrics.Case(
            make=lambda: Command(Context("shop")),
            query=query("echo", "1"),
            numbered=lambda number: query("echo", str(number)),
            tells=lambda number, answer: answer == said(number),
            failing={
                "no program": query("no-such-s3cret"),
                "hung": {**query("sleep", "30", "s3cret"), "timeout": "200ms", "argv": ["sleep", "30"]},
                "no argv": {**query(), "cwd": "s3cret"},
            },
            permanent={"no program", "no argv"},
            passing={"hung"},
            secret="s3cret",
        ),
    )
