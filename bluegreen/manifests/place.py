"""Where a character of a text stands in the manifest, however the text is written there."""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.manifests.nodes import ScalarNode
from bluegreen.manifests.source import Mark, Source

_HEX = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {
    **{"0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b"},
    **{"N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"},
}


def place_of(source: Source, node: ScalarNode, index: int) -> Mark | None:
    """The place of the character of `node.word` with this index (one past its end is allowed); None if it is unclear.

    YAML folds and indents white space, and nothing else: both texts are followed by their other characters.
    """
    solid = [(at, char) for at, char in enumerate(node.word[: index + 1]) if not char.isspace()]
    last: tuple[int, int, int] | None = None
    for (at, char), (written, line, column, width) in zip(solid, _solid(source, node), strict=False):
        if char != written:
            return None
        if at == index:
            return Mark(line, column, width)
        last = (line, column, width)
    return Mark(last[0], last[1] + last[2]) if last else None


def _solid(source: Source, node: ScalarNode) -> Iterator[tuple[str, int, int, int]]:
    """The characters from the text's beginning on that are no white space, as they are meant, and where they stand:
    line, column, and how many are written for it."""
    line, column = node.mark.line, node.mark.column + (node.style in ("'", '"'))
    if node.style in ("|", ">"):
        line, column = line + 1, 0
    while line < len(source.lines):
        text = source.lines[line]
        while column < len(text):
            char, width = _unit(text, column, node.style)
            if char and not char.isspace():
                yield char, line, column, width
            column += width
        line, column = line + 1, 0


def _unit(text: str, column: int, style: str) -> tuple[str, int]:
    """The character that stands here, empty for none, and how many are written for it."""
    char, following = text[column], text[column + 1 : column + 2]
    if style == "'" and char == following == "'":
        return char, 2
    if style != '"' or char != "\\":
        return char, 1
    if following in _HEX:
        width = 2 + _HEX[following]
        try:
            return chr(int(text[column + 2 : column + width], 16)), width
        except (ValueError, OverflowError):
            return "", width
    return _ESCAPES.get(following, following), 2
