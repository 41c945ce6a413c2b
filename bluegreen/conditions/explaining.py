"""Why a condition holds, or does not: the part that decided, with the numbers in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from bluegreen.conditions.nodes import Node
from bluegreen.spec import JSON
from bluegreen.values import brief, encoded, word_of

_OPPOSITE: Final = {
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
    "==": "!=",
    "!=": "==",
    "in": "not in",
}
_ENDED_BY: Final = {"||": True, "&&": False}


def explained(node: Node, value: Callable[[Node], JSON]) -> str:
    """In a few words, what decided: of `||` and `&&` the last part that was looked at, of a comparison both sides as
    they were. Empty when there is no such part. `value` gives the value of any part, or raises."""
    match node.op:
        case "||" | "&&":
            first, second = node.args
            ended = value(first) is _ENDED_BY[node.op]
            return explained(first if ended else second, value)
        case "!":
            return explained(node.args[0], value)
        case "?:":
            return explained(node.args[1 if value(node.args[0]) else 2], value)
        case "==" | "!=" | "<" | "<=" | ">" | ">=" | "in":
            left, right = (value(one) for one in node.args)
            if left != left or right != right:  # NaN is neither above nor below: the opposite would not be true either
                return f"{shown(left)} {node.op} {shown(right)} is {str(value(node)).lower()}"
            sign = node.op if value(node) else _OPPOSITE[node.op]
            return f"{shown(left)} {sign} {shown(right)}"
        case _:
            return ""


def shown(value: JSON) -> str:
    """A value in a sentence: numbers in six digits, text in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return brief(encoded(value))
    if isinstance(value, str):
        return f'"{brief(value)}"'
    return f"{value:.6g}" if math.isfinite(value) else word_of(value)
