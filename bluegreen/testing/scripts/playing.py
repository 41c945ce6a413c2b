"""Playing scripts, and holding what happens against what they expect."""

from __future__ import annotations

import difflib
from pathlib import Path

from bluegreen.testing import virtual_time
from bluegreen.testing.scripts.declaring import Scene, scene
from bluegreen.testing.scripts.grammar import Command, is_stepped, understood
from bluegreen.testing.scripts.holding import settle
from bluegreen.testing.scripts.player import Player
from bluegreen.testing.scripts.reading import Script, ScriptError, read


class Differs(AssertionError):
    """A script's output is not what it expects. The message is the difference, and how to accept it."""


def play(script: Script) -> str:
    """Plays a script, and returns its text with the output that it really has. The same script gives the same text.

    Raises `ScriptError` for a line that is not understood, or that cannot be done where it stands.
    """
    made = scene(script)
    steps = understood(script, made.rollout)
    return script.with_output(virtual_time.run(_played(script, made, steps)))


async def _played(script: Script, made: Scene, commands: list[Command]) -> list[list[str]]:
    player = Player(made, stepped=is_stepped(script))
    outputs: list[list[str]] = []
    line = 1
    try:
        await player.begin()
        for command in commands:
            line = command.step.line
            await command.do(player)
            await settle()
            outputs.append(player.telling.take())
    except ValueError as error:
        raise ScriptError(script.path, line, str(error)) from error
    finally:
        await player.close()
    return outputs


def difference(path: Path) -> tuple[str, str]:
    """The text that a script should have, and how the file differs from it: empty when it does not."""
    text = path.read_text()
    played = play(read(path, text))
    lines = difflib.unified_diff(
        text.splitlines(), played.splitlines(), f"{path} as written", f"{path} as played", lineterm=""
    )
    return played, "\n".join(lines)


def check(path: str | Path) -> None:
    """Plays the script in this file; for tests. Raises `Differs` when its output is not the one that is written there,
    and `ScriptError` when it cannot be played."""
    _, differs = difference(Path(path))
    if differs:
        raise Differs(f"{differs}\n\nto accept it: python -m bluegreen.testing.scripts --rewrite {path}")
