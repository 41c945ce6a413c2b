"""The functions that a condition may call: what they take, and what they give."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import frozen


class Kind(StrEnum):
    """What sort of value a part of a condition has, as far as that is known without values."""

    ANY = "anything"
    BOOL = "true or false"
    NUMBER = "a number"
    TEXT = "text"
    LIST = "a list"
    MAP = "a map"
    NULL = "null"
    DURATION = "a duration"


@frozen
class Signature:
    """What a function takes, one set of kinds for each argument, and gives. `many`: the last may be repeated;
    `method`: it is written behind its first argument, `text.contains("a")`."""

    takes: tuple[frozenset[Kind], ...]
    gives: Kind
    many: bool = False
    method: bool = False


_ANY = frozenset(Kind)
_NUMBER = frozenset({Kind.NUMBER})
_TEXT = frozenset({Kind.TEXT})
_LIST = frozenset({Kind.LIST})
_TOLD = Signature((_NUMBER | _TEXT,), Kind.NUMBER)
_WITHIN = Signature((_TEXT, _TEXT), Kind.BOOL, method=True)

FUNCTIONS: Final[Mapping[str, Signature]] = {
    "abs": Signature((_NUMBER,), Kind.NUMBER),
    "asFloat": _TOLD,
    "asInt": _TOLD,
    "contains": _WITHIN,
    "default": Signature((_ANY, _ANY), Kind.ANY),
    "double": _TOLD,
    "duration": Signature((_TEXT,), Kind.DURATION),
    "endsWith": _WITHIN,
    "int": _TOLD,
    "isInf": Signature((_NUMBER,), Kind.BOOL),
    "isNaN": Signature((_NUMBER,), Kind.BOOL),
    "isNil": Signature((_ANY,), Kind.BOOL),
    "lookup": Signature((frozenset({Kind.MAP}), _TEXT), Kind.ANY),
    "matches": _WITHIN,
    "max": Signature((_NUMBER | _LIST,), Kind.NUMBER, many=True),
    "mean": Signature((_LIST,), Kind.NUMBER),
    "median": Signature((_LIST,), Kind.NUMBER),
    "min": Signature((_NUMBER | _LIST,), Kind.NUMBER, many=True),
    "size": Signature((_TEXT | _LIST | {Kind.MAP},), Kind.NUMBER),
    "startsWith": _WITHIN,
    "sum": Signature((_LIST,), Kind.NUMBER),
}
"""All of them, under the names that CEL, or we, have for them."""

ALIASES: Final[Mapping[str, str]] = {"len": "size", "float": "double"}
"""expr-lang's names for the same."""

LOOPS: Final = ("all", "exists", "exists_one", "filter", "map")
"""CEL's comprehensions: `list.all(x, x > 0)`."""

CLOSURES: Final[Mapping[str, str]] = {
    "all": "all",
    "any": "exists",
    "none": "exists",
    "one": "exists_one",
    "filter": "filter",
    "map": "map",
    "count": "filter",
    "sum": "map",
}
"""expr-lang's, `all(list, {# > 0})`, and the comprehension that each of them is made of."""

_WORDS = """true false null nil in and or not result labels
as break const continue else for function if import let loop package namespace return var void while"""
RESERVED: Final = frozenset(_WORDS.split())
"""Words that no variable of a condition may have for a name."""

REMEDIES: Final[Mapping[str, str]] = {
    "**": "write result * result instead of result ** 2",
    "^": "write result * result instead of result ^ 2",
    "..": "write the values out, [1, 2, 3], or two comparisons joined with &&",
    "|": "write || for or, and abs(result) instead of result | abs()",
    "&": "write && for and",
    "=": "write == to compare",
    ";": "a condition is one expression: write each value where it is needed",
    "let": "a condition is one expression: write each value where it is needed",
    "if": "write condition ? this : that",
    "?": "write has(result.x) to ask for a key, result?.x for null where it is missing",
    "find": "write filter(result, {# > 1})[0]",
    "first": "write result[0]",
    "last": "write result[size(result) - 1]",
    "string": "compare numbers with numbers: double(result) makes one of a text",
    "timestamp": "a condition knows no time of day; duration() reads 1h30m",
    "range": "write the values out: [1, 2, 3]",
    "keys": "a comprehension over a map is one over its keys: labels.exists(k, k == 'zone')",
    "get": "write lookup(result, 'x'), or result?.x",
    "avg": "write mean(result)",
    "average": "write mean(result)",
    "length": "write size(result)",
    "count": "write size(result), or count(result, {# > 0})",
}
"""What to write instead of that which is expr-lang's, or nobody's."""
