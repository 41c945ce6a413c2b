"""Writes a condition as CEL."""

from __future__ import annotations

import re
from typing import Final

from bluegreen.conditions.functions import FUNCTIONS, RESERVED
from bluegreen.conditions.nodes import Node

_LEVELS: Final = {"?:": 0, "||": 1, "&&": 2, "+": 4, "*": 5, "/": 5, "%": 5, "!": 6} | dict.fromkeys(
    ("==", "!=", "<", "<=", ">", ">=", "in"), 3
)
_POSTFIX: Final = 7


def written(node: Node, least: int = 0) -> str:
    """The CEL of a condition; in parentheses when it binds less tightly than `least`."""
    level, text = _written(node)
    return text if level >= least else f"({text})"


def _written(node: Node) -> tuple[int, str]:
    args = node.args
    match node.op:
        case "literal":
            negative = isinstance(node.value, int | float) and str(node.value).startswith("-")
            return (6 if negative else _POSTFIX), _literal(node.value)
        case "name":
            return _POSTFIX, str(node.value)
        case "list" | "map":
            return _POSTFIX, f"[{_commas(args)}]" if node.op == "list" else "{}"
        case "field":
            plain = re.fullmatch(r"[A-Za-z_]\w*", node.value, re.ASCII) and node.value not in RESERVED
            key = f".{node.value}" if plain else f"[{_literal(node.value)}]"
            return _POSTFIX, f"{written(args[0], _POSTFIX)}{key}"
        case "index":
            return _POSTFIX, f"{written(args[0], _POSTFIX)}[{written(args[1])}]"
        case "has":
            return _POSTFIX, f"has({written(args[0], _POSTFIX)}.{node.value})"
        case "call" | "loop" if node.op == "loop" or FUNCTIONS[node.value].method:
            return _POSTFIX, f"{written(args[0], _POSTFIX)}.{node.value}({_commas(args[1:])})"
        case "call":
            return _POSTFIX, f"{node.value}({_commas(args)})"
        case _:
            return _operator(node)


def _operator(node: Node) -> tuple[int, str]:
    args = node.args
    if node.op == "?:":
        return 0, f"{written(args[0], 1)} ? {written(args[1], 1)} : {written(args[2])}"
    if len(args) == 1:
        return 6, f"{node.op}{written(args[0], _POSTFIX if node.op == '-' else 6)}"
    level = _LEVELS.get(node.op, 4)
    # Comparisons do not chain; all else goes from left to right.
    return level, f"{written(args[0], level + (level == 3))} {node.op} {written(args[1], level + 1)}"


def _commas(nodes: tuple[Node, ...]) -> str:
    return ", ".join(written(one) for one in nodes)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return f'"{"".join(_sign(sign) for sign in value)}"'
    return {True: "true", False: "false", None: "null"}[value] if isinstance(value, bool | None) else repr(value)


def _sign(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) <= 0xFFFF else f"\\U{ord(sign):08x}"
