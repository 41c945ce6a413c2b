"""A slow, obvious evaluator of conditions that are trees of tuples: once as ours should be, once as CEL says.

Each `if self.cel` is a disagreement that docs/conditions.md lists.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Tree = tuple[Any, ...]
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Trouble(Exception):
    """It has no value."""


WRITTEN = {
    "name": "{0}",
    "index": "{0}[{1}]",
    "field": "{0}.{1}",
    "has": "has({0}.{1})",
    "size": "size({0})",
    "not": "(!{0})",
    "neg": "(-{0})",
    "?": "({0} ? {1} : {2})",
    "loop": "{1}.{0}({2}, {3})",
    "method": "{1}.{0}({2})",
}
CONSTANTS = {"True": "true", "False": "false", "None": "null"}


def text(tree: Tree) -> str:
    """The tree as a condition, with parentheses around everything."""
    match tree:
        case ("lit", str(value)):
            return "'" + "".join(f"\\U{ord(sign):08x}" for sign in value) + "'"
        case ("lit", value):
            return CONSTANTS.get(repr(value), repr(value))
        case ("list", *items):
            return f"[{', '.join(map(text, items))}]"
        case (op, *below):
            parts = [text(one) if isinstance(one, tuple) else one for one in below]
            return WRITTEN.get(op, f"({{0}} {op} {{1}})").format(*parts)
        case _:
            raise AssertionError(tree)


class Twin:
    """Evaluates a tree. `cel`: as the CEL specification says, else as ours should."""

    def __init__(self, names: dict[str, Any], *, cel: bool) -> None:
        self.names = names
        self.cel = cel

    def holds(self, tree: Tree) -> bool | None:
        """Whether the condition holds; None where it has no answer."""
        try:
            value = self.value(tree)
        except Trouble:
            return None
        return value if isinstance(value, bool) else None

    def value(self, tree: Tree) -> Any:
        match tree:
            case ("lit", value):
                return value
            case ("name", name):
                return self.names[name]
            case ("list", *items):
                return [self.value(item) for item in items]
            case ("not", below):
                return not self.boolean(below)
            case ("?", condition, yes, no):
                return self.value(yes if self.boolean(condition) else no)
            case ("||" | "&&" as op, left, right):
                return self.either([left, right], self.boolean, until=op == "||")
            case ("loop", kind, over, name, body):
                return self.loop(kind, self.value(over), name, body)
            case (op, *below):
                return self.applied(op, *(self.value(one) if isinstance(one, tuple) else one for one in below))
            case _:
                raise AssertionError(tree)

    def applied(self, op: str, *values: Any) -> Any:
        """What comes of values that are known."""
        first = values[0]
        match op:
            case "index":
                return self.item(*values)
            case "field":
                return self.item(*values) if isinstance(first, dict) else self.fail()
            case "has":
                return values[1] in first if isinstance(first, dict) else self.fail()
            case "size":
                return len(first) if isinstance(first, str | list | dict) else self.fail()
            case "neg":
                return self.arithmetic("neg", first, first)
            case "method":
                return self.method(*values)
            case _:
                return self.operator(op, *values)

    def fail(self) -> Any:
        raise Trouble

    def boolean(self, tree: Tree) -> bool:
        value = self.value(tree)
        return value if isinstance(value, bool) else self.fail()

    def either(self, parts: list[Any], holds: Callable[[Any], bool], *, until: bool) -> bool:
        """Looks at one part after the other until one is `until`."""
        troubled = False
        for part in parts:
            try:
                if holds(part) is until:
                    return until
            except Trouble:
                if not self.cel:
                    raise
                troubled = True  # CEL: an error does not count if another part decides
        return self.fail() if troubled else not until

    def item(self, inside: Any, at: Any) -> Any:
        if self.cel and type(at) is float and at.is_integer():
            at = int(at)  # CEL: a double that is whole counts as an index
        if isinstance(inside, list) and type(at) is int and 0 <= at < len(inside):
            return inside[at]
        if isinstance(inside, dict) and isinstance(at, str) and at in inside:
            return inside[at]
        return self.fail()

    def loop(self, kind: str, over: Any, name: str, body: Tree) -> Any:
        if not isinstance(over, list | dict):
            self.fail()
        items = list(over)

        def within(item: Any) -> Twin:
            return Twin({**self.names, name: item}, cel=self.cel)

        match kind:
            case "all" | "exists":
                return self.either(items, lambda item: within(item).boolean(body), until=kind == "exists")
            case "exists_one":
                return [within(item).boolean(body) for item in items].count(True) == 1
            case "filter":
                return [item for item in items if within(item).boolean(body)]
            case _:
                return [within(item).value(body) for item in items]

    def method(self, name: str, one: Any, other: Any) -> Any:
        if not isinstance(one, str) or not isinstance(other, str):
            self.fail()
        return {"contains": other in one, "startsWith": one.startswith(other), "endsWith": one.endswith(other)}[name]

    def operator(self, op: str, left: Any, right: Any) -> Any:
        if op in ("==", "!="):
            return self.same(left, right) is (op == "==")
        if op == "in":
            if isinstance(right, dict):
                return left in right if isinstance(left, str) else self.no_key(left)
            return any(self.same(left, one) for one in right) if isinstance(right, list) else self.fail()
        if op in ORDER:
            kinds = {self.kind(left), self.kind(right)}
            if kinds in ({"number"}, {"str"}) or (self.cel and kinds == {"bool"}):
                return ORDER[op](left, right)
            return self.fail()
        if op == "+" and self.kind(left) == self.kind(right) and self.kind(left) in ("str", "list"):
            return left + right
        return self.arithmetic(op, left, right)

    def no_key(self, value: Any) -> bool:
        """CEL: a number or a truth value is no key of it, anything else is an error; ours: all of it is."""
        return False if self.cel and isinstance(value, bool | int | float) else self.fail()

    def kind(self, value: Any) -> str:
        return "number" if type(value) in (int, float) else type(value).__name__

    def same(self, left: Any, right: Any) -> bool:
        if self.kind(left) != self.kind(right):
            return False
        if isinstance(left, list):
            return len(left) == len(right) and all(map(self.same, left, right))
        if isinstance(left, dict):
            return left.keys() == right.keys() and all(self.same(left[key], right[key]) for key in left)
        return bool(left == right)

    def arithmetic(self, op: str, left: Any, right: Any) -> Any:
        if {self.kind(left), self.kind(right)} != {"number"}:
            self.fail()
        if self.cel and type(left) is not type(right):
            self.fail()  # CEL: no arithmetic between whole numbers and doubles
        work: dict[str, Callable[[], Any]] = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "neg": lambda: -left,
            "/": lambda: self.quotient(left, right),
            "%": lambda: self.remainder(left, right),
        }
        found = work[op]()
        if type(found) is int and not -(2**63) <= found < 2**63:
            self.fail()
        finite = math.isfinite(left) and math.isfinite(right)
        if not self.cel and finite and not math.isfinite(found):
            self.fail()  # CEL: infinity
        return found

    def remainder(self, left: Any, right: Any) -> int:
        if type(left) is not int or type(right) is not int or right == 0:
            self.fail()
        return int(abs(left) % abs(right) * (-1 if left < 0 else 1))

    def quotient(self, left: Any, right: Any) -> Any:
        if self.cel and type(left) is float:
            return self.ieee(left, right)
        if right == 0:
            self.fail()
        if self.cel:  # CEL: whole numbers are cut off at the point
            return abs(left) // abs(right) * (-1 if (left < 0) != (right < 0) else 1)
        return left / right

    def ieee(self, left: float, right: float) -> float:
        if right:
            return left / right
        if math.isnan(left) or left == 0 or math.isnan(right):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1, right)
