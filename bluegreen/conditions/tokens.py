"""The words of a condition: what CEL and expr-lang write between them, each with its place."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from bluegreen.conditions.nodes import LENGTH_MAX, wrong
from bluegreen.spec import JSON

INT_MAX: Final = 2**63 - 1

_TOKEN = re.compile(
    r"""
    (?P<space>\s+ | //[^\n]* | /\*.*?\*/)
  | (?P<float>(?: (?:\d+(?:_\d+)*)? \.\d+ (?:[eE][+-]?\d+)? | \d+(?:_\d+)*[eE][+-]?\d+ ) (?![\w.]))
  | (?P<int>(?: 0[xX][0-9a-fA-F]+ | (?:0|[1-9]\d*(?:_\d+)*) ) (?!\w | \.(?!\.)))
  | (?P<raw>[rR] (?: "[^"\n]*" | '[^'\n]*' ) | `[^`]*`)
  | (?P<text>"(?:[^"\\\n]|\\[^\n])*" | '(?:[^'\\\n]|\\[^\n])*')
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<op>\?\.(?!\d) | \?\? | \.\. | \*\* | && | \|\| | [=!<>]= | /(?!\*) | [-+*%<>=!?:.,()\[\]{}\#|&^;])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([abfnrtv\\'\"`?])|(.))"
)
_PLAIN = dict(zip("abfnrtv\\'\"`?", "\a\b\f\n\r\t\v\\'\"`?", strict=True))


@frozen
class Token:
    """One word: `kind` is `literal`, `name`, `op` or `end`; `value` what it stands for; `at` its offset."""

    kind: str
    text: str
    at: int
    value: JSON = None


def tokens(source: str) -> list[Token]:
    """The words of a condition, with an `end` behind them. Raises `ConditionError` for what is none."""
    if len(source) > LENGTH_MAX:
        raise wrong(source, 0, f"the condition has {len(source)} characters, and the most is {LENGTH_MAX}")
    found: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise _no_word(source, at)
        kind, text = str(match.lastgroup), match.group()
        if kind == "int":
            found.append(Token("literal", text, at, int(text, 0)))
        elif kind == "float":
            found.append(Token("literal", text, at, _double(source, at, text)))
        elif kind in ("text", "raw"):
            value = _unescaped(source, at, text) if kind == "text" else text.lstrip("rR")[1:-1]
            found.append(Token("literal", text, at, value))
        elif kind != "space":
            found.append(Token(kind, text, at))
        at = match.end()
    return [*found, Token("end", "", len(source.rstrip()))]


def _no_word(source: str, at: int) -> Exception:
    sign = source[at]
    if sign in "\"'`":
        return wrong(source, at, "the text has no end", f"write {sign} where it ends, on the same line")
    if source.startswith("/*", at):
        return wrong(source, at, "the comment has no end", "write */ where it ends")
    if sign.isdigit() or sign == ".":
        word = re.match(r"[\w.]+", source[at:])
        shown = word.group()[:40] if word else sign
        return wrong(source, at, f"{shown} is no number", "write numbers as 12, 0.5, 1e6 or 0xff, without a unit")
    return wrong(source, at, f"{sign!r} means nothing in a condition", 'text stands in quotes: result["größe"]')


def _double(source: str, at: int, text: str) -> float:
    value = float(text)
    if value == float("inf"):
        raise wrong(source, at, f"{text[:40]} is too large a number")
    return value


def _unescaped(source: str, at: int, text: str) -> str:
    def one(match: re.Match[str]) -> str:
        two, four, eight, octal, plain, bad = match.groups()
        if bad is not None:
            raise wrong(source, at + match.start(), f"\\{bad} means nothing", "write \\\\ for a backslash")
        code = int(two or four or eight or "0", 16) if octal is None else int(octal, 8)
        if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
            raise wrong(source, at + match.start(), f"{match.group()} is no character")
        return chr(code) if plain is None else _PLAIN[plain]

    return _ESCAPE.sub(one, text)[1:-1]
