"""A text that manifests are read from, and a place in it."""

from __future__ import annotations

import re

from attrs import field, frozen

# What YAML takes for the end of a line.
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a text, split where YAML splits them, without their ends."""
    return tuple(_LINE_BREAK.split(text))


@frozen
class Mark:
    """A place in a text: `line` and `column` count characters from 0; `width` is how many of the line are meant."""

    line: int
    column: int
    width: int = 1

    @classmethod
    def at(cls, text: str, index: int) -> Mark:
        """The place of the character with this index."""
        before = split_lines(text[:index])
        return cls(len(before) - 1, len(before[-1]))


@frozen(eq=False)
class Source:
    """One text, and the name that people know it by: a path as they gave it, or something like `<text>`."""

    name: str
    text: str = field(repr=False)
    lines: tuple[str, ...] = field(init=False, repr=False, default=())

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "lines", split_lines(self.text))
