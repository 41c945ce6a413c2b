"""Reading a script: what it sets, what it does step by step, and what it expects after each step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

MARK = "> "
"""A line that begins with this is a command; what follows it, indented, is what it makes happen."""


class ScriptError(Exception):
    """A script that cannot be played. The message has the file and the line, and what would be understood there."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")


@frozen
class Setting:
    """One line before the first command: `rollout: replicas 2`."""

    line: int
    key: str
    value: str


@frozen
class Step:
    """One command, as it was written, and the lines that it is expected to print."""

    line: int
    words: str
    expected: tuple[str, ...] = ()


@frozen
class Script:
    """A script as it was read. `parts` is all of it in order: lines that say nothing to the player, and steps."""

    path: Path
    settings: tuple[Setting, ...]
    parts: tuple[str | Step, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The commands, in order."""
        return tuple(part for part in self.parts if isinstance(part, Step))

    def with_output(self, outputs: Sequence[Sequence[str]]) -> str:
        """The text of the script, with these lines after each of its steps; all else stays as it was written."""
        lines: list[str] = []
        left = iter(outputs)
        for part in self.parts:
            if isinstance(part, Step):
                lines += [MARK + part.words, *(f"  {line}" for line in next(left))]
            else:
                lines.append(part)
        return "\n".join(lines) + "\n"


def read(path: Path, text: str | None = None) -> Script:
    """Reads a script from its file, or from this text. Raises `ScriptError` for a line that is none of its parts."""
    parts: list[str | Step] = []
    settings: list[Setting] = []
    for number, line in enumerate((path.read_text() if text is None else text).splitlines(), start=1):
        last = parts[-1] if parts else ""
        if line.startswith(MARK):
            parts.append(Step(number, line[len(MARK) :].strip()))
        elif line.startswith("  ") and isinstance(last, Step):
            parts[-1] = Step(last.line, last.words, (*last.expected, line[2:]))
        elif not line.strip() or line.startswith("#"):
            parts.append(line.rstrip())
        elif found := re.fullmatch(r"([a-zA-Z]+): *(.+)", line):
            if any(isinstance(part, Step) for part in parts):
                raise ScriptError(path, number, f"{found[1]} is set before the first command")
            settings.append(Setting(number, found[1], found[2].strip()))
            parts.append(line.rstrip())
        else:
            known = "`# words`, `setting: value`, `> command`, or what a command prints, indented by two spaces"
            raise ScriptError(path, number, f"{line.strip()!r} is no line of a script: a line is {known}")
    return Script(path, tuple(settings), tuple(parts))
