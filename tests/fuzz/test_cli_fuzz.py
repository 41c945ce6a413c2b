"""Whatever is typed: one of the documented exit codes, a message, and never a fault of the program."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.backends.local import DriverLock, LocalRecords, Place, place
from bluegreen.cli import main
from bluegreen.cli.app import program
from bluegreen.cli.exits import Exit
from bluegreen.manifests import load_path
from tests.fuzz.bounds import bounded
from tests.support.worlds import healthy

pytestmark = pytest.mark.property
ROOT = Path(__file__).parents[2]
CODES = {code.value for code in Exit} - {Exit.INTERNAL.value}
EXAMPLE = str(ROOT / "examples" / "minimal.yaml")
WAITS = ("get", "logs", "serve", "status")
"""Verbs that may go on until they are stopped."""


def verbs(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that call each command."""
    for name, command in group.commands.items():
        yield from verbs(command, (*before, name)) if isinstance(command, click.Group) else [(*before, name)]


VERBS = sorted(verbs(program))
OPTIONS = sorted(
    {"--no-such-option", "--", "-", "--output=", "-ojson", "-oxml", "--help"}
    | {"--state-dir", "--secrets", "-o", "--debug", "-f", "--file", "--until", "--timeout", "--revision", "--full"}
    | {"--gate", "--why", "--to-revision", "--arg", "--tail", "--yes"}
)
TEXTS = (
    *(
        "",
        " ",
        "shop",
        "default/shop",
        "/",
        "a/b/c",
        "..",
        "%2e",
        "~",
        "*",
        "\u202e",
        "\U0001f388",
        "\udcff",
        "\x1b[2J",
    ),
    *("\n", "-1", "0", "1", "3.5", "nan", "inf", "-inf", "1e999", "\u0663", "\u00b2", "9" * 30, "9" * 5000),
    *("json", "yaml", "text", "healthy", "retired", "promotion", "shop:v2", "shop=shop:v2"),
    *("=", "x=", "a=\udcff", "x" * 300),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home, and in it a rollout that somebody else drives, as far as a command can see: it saves, and starts nothing.

    Whatever a command takes for its state directory is in here.
    """
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(folder / "state"))
        where = place(folder / "state" / "bluegreen", "shop")
        where.create()
        asyncio.run(save(where))
        odd_files(folder)
        with DriverLock(where):
            yield folder


async def save(where: Place) -> None:
    """A rollout, Healthy, is kept there."""
    records = LocalRecords(where)
    await records.save(healthy().memory, load_path(EXAMPLE), if_version=(await records.load()).version)
    records.close()


def odd_files(folder: Path) -> None:
    """What a path may lead to instead of a manifest."""
    (folder / "empty.yaml").write_text("")
    (folder / "binary.yaml").write_bytes(bytes(range(256)))
    (folder / "odd.yaml").write_text("kind: Rollout\nspec: [1, 2\n")
    (folder / "none").mkdir()
    (folder / "pipes").mkdir()
    os.mkfifo(folder / "pipes" / "pipe.yaml")
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "unreadable.yaml").touch(mode=0)
    (folder / "hidden").mkdir()


PATHS = (
    *("empty.yaml", "binary.yaml", "odd.yaml", "none", "pipes", "loop.yaml", "unreadable.yaml", "no/such.yaml"),
    *("/dev/null", "/dev/zero", "/proc/self/mem", "/proc/nope/x", "/", ".", "empty.yaml/x", "x" * 300, "x/" * 3000, ""),
)


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """What somebody may type: a verb, and a mixture of what belongs to it and what does not."""
    verb = draw(st.sampled_from(VERBS))
    values = (
        st.sampled_from(TEXTS) | st.sampled_from(PATHS) | st.text(st.characters(exclude_characters="\0"), max_size=6)
    )
    words = draw(st.lists(st.sampled_from(OPTIONS) | values | st.just("shop"), max_size=6))
    pairs = draw(st.lists(st.tuples(st.sampled_from(OPTIONS), values), max_size=2))
    typed = [*words, *(word for pair in pairs for word in pair)]
    if verb[0] in WAITS:
        typed = [one for one in typed if not one.startswith("-") or one in ("-o", "--state-dir", "--no-such-option")]
        typed += {"status": ["--timeout", "0"], "serve": ["--no-such-option"]}.get(verb[0], [])
    return [*verb, *typed]


def ended(words: list[str]) -> tuple[int, str]:
    """The exit code of the program, and what it said."""
    with CliRunner().isolation() as streams, pytest.MonkeyPatch.context() as patch, bounded():
        patch.setattr(sys, "argv", ["bluegreen", *words])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
        said = (streams[0].getvalue() + streams[1].getvalue()).decode(errors="replace")
    return code if isinstance(code, int) else 0 if code is None else -1, said


def check(words: list[str]) -> int:
    """Fails unless the program ends as it should; its exit code."""
    code, said = ended(words)
    assert code in CODES, (words, code, said[-2000:])
    assert "Traceback" not in said or "--debug" in words, said
    assert code == 0 or said.strip(), (words, code)
    return code


@given(lines())
def test_anything_that_is_typed_ends_in_a_documented_way(home: Path, words: list[str]) -> None:
    check(words)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("verb", [("lint",), ("run",), ("create", "analysisrun")], ids=" ".join)
def test_a_path_that_leads_to_no_manifest_is_bad_input(home: Path, verb: tuple[str, ...], path: str) -> None:
    assert check([*verb, "-f", path]) == Exit.BAD_INPUT


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("words", [["list"], ["get", "shop"], ["promote"], ["delete", "--yes"]], ids=" ".join)
def test_a_state_directory_that_is_none_is_no_fault_of_the_program(home: Path, words: list[str], path: str) -> None:
    check([*words, "--state-dir", path])


COMMANDS = (
    ["promote", "shop", "--revision"],
    ["abort", "shop", "--revision", "x", "--why"],
    ["abort", "shop", "--revision"],
    ["approve", "shop", "--revision", "x", "--gate"],
    ["retry", "shop", "--revision"],
    ["undo", "shop", "--to-revision"],
    ["set", "image", "shop"],
    ["logs", "shop", "--revision"],
    ["logs", "shop", "--tail"],
    ["status", "shop", "--timeout", "0", "-o"],
    ["get"],
    ["history"],
)


ODD = ("", "\udcff", "\x1b[2J", "-1", "nan", "\u0663", "9" * 5000, "x" * 300, "shop:\udcff", "shop=shop:\udcff")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_value_of_an_option_is_a_fault_of_the_program(home: Path, words: list[str]) -> None:
    for value in ODD:
        check([*words, value])
    assert check(["get", "shop", "-o", "json"]) == Exit.OK, "and the rollout is still there"


def test_the_check_can_fail(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bluegreen.cli.get.find", lambda *_: int("x"))
    monkeypatch.setattr("bluegreen.cli.guard.told", lambda _error: "it failed")
    with pytest.raises(AssertionError, match="it failed"):
        check(["get", "shop"])
