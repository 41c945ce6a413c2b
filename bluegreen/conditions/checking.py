"""What can be known to be wrong with a condition before there are values: kinds that never fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bluegreen.conditions.functions import FUNCTIONS, Kind
from bluegreen.conditions.nodes import Node, walk, wrong
from bluegreen.conditions.spans import nanoseconds

_ORDERED: Final = (Kind.NUMBER, Kind.TEXT, Kind.DURATION)
_ADDED: Final = (Kind.NUMBER, Kind.TEXT, Kind.LIST)


def check(node: Node, source: str) -> None:
    """Raises `ConditionError` for a condition that could never be evaluated, or never be true or false."""
    kind = _Checker(source).kind(node)
    if kind not in (Kind.BOOL, Kind.ANY):
        raise wrong(source, node.at, f"this is {kind}, never true or false", _compared(node))


def _compared(node: Node) -> str:
    return "compare it with something: size(result) > 0" if node.op != "literal" else "write result[0] >= 0.99"


def first_only(node: Node) -> bool:
    """Whether it looks at `result[0]` only, and else asks at most whether there is any."""
    return all(_first(one, above) for one, above in _with_parents(node) if one.op == "name" and one.value == "result")


def _with_parents(node: Node, above: tuple[Node, ...] = ()) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    yield node, above
    for one in node.args:
        yield from _with_parents(one, (node, *above))


def _first(node: Node, above: tuple[Node, ...]) -> bool:
    parent = above[0] if above else node
    if parent.op == "index" and parent.args[0] is node:
        index = parent.args[1]
        return index.op == "literal" and index.value == 0
    if parent.op != "call" or parent.value != "size" or len(above) < 2:
        return False
    others = [one for one in above[1].args if one is not parent]
    about_none = {"==": 0, "!=": 0, ">": 0, "<=": 0, "<": 1, ">=": 1}
    return len(others) == 1 and others[0].op == "literal" and others[0].value == about_none.get(above[1].op)


def minds(node: Node) -> frozenset[str]:
    """What it asks for by name: `NaN`, `Inf`."""
    called = {one.value for one in walk(node) if one.op == "call"}
    return frozenset(word for word in ("NaN", "Inf") if f"is{word}" in called)


class _Checker:
    def __init__(self, source: str) -> None:
        self._source = source

    def kind(self, node: Node) -> Kind:
        """What the node's value is, if that is known, after a look at all that is below it."""
        match node.op:
            case "literal":
                return _literal(node)
            case "name":
                return Kind.MAP if node.value == "labels" else Kind.ANY
            case "list" | "map":
                for one in node.args:
                    self.kind(one)
                return Kind.LIST if node.op == "list" else Kind.MAP
            case "field" | "has":
                self._want(node.args[0], f".{node.value}", Kind.MAP)
                return Kind.BOOL if node.op == "has" else Kind.ANY
            case "index":
                return self._index(*node.args)
            case "call":
                return self._call(node)
            case "loop":
                return self._loop(node)
            case "?:":
                self._want(node.args[0], "?", Kind.BOOL)
                yes, no = self.kind(node.args[1]), self.kind(node.args[2])
                return yes if yes is no else _either(yes, no)
            case _:
                return self._operator(node)

    def _want(self, node: Node, by: str, *kinds: Kind) -> Kind:
        found = self.kind(node)
        if found is not Kind.ANY and found not in kinds:
            wanted = " or ".join(kinds)
            raise wrong(self._source, node.at, f"{by} wants {wanted}, and this is {found}", _other(node, found))
        return found

    def _index(self, inside: Node, index: Node) -> Kind:
        over = self._want(inside, "[]", Kind.LIST, Kind.MAP)
        kind = self._want(index, "[]", Kind.NUMBER, Kind.TEXT)
        if index.op == "literal" and kind is Kind.NUMBER and not (isinstance(index.value, int) and index.value >= 0):
            remedy = "the first is result[0], the last result[size(result) - 1]"
            raise wrong(self._source, index.at, f"there is no item {index.value}", remedy)
        if (over, kind) in ((Kind.LIST, Kind.TEXT), (Kind.MAP, Kind.NUMBER)):
            raise wrong(self._source, index.at, f"{over} has no such item")
        return Kind.ANY

    def _call(self, node: Node) -> Kind:
        signature = FUNCTIONS[node.value]
        wanted = (*signature.takes, *signature.takes[-1:] * len(node.args))
        for one, kinds in zip(node.args, wanted, strict=False):
            self._want(one, node.value, *sorted(kinds))
        if node.value == "matches":
            self._pattern(node.args[1])
        if node.value == "duration" and node.args[0].op == "literal" and nanoseconds(node.args[0].value) is None:
            raise wrong(self._source, node.args[0].at, "this is no duration", 'write duration("1h30m")')
        return signature.gives

    def _pattern(self, node: Node) -> None:
        if node.op != "literal":
            raise wrong(self._source, node.at, "the pattern has to be written in the condition")
        from bluegreen.conditions.patterns import pattern  # only who writes patterns waits for RE2

        try:
            pattern(node.value)
        except ValueError as error:
            raise wrong(self._source, node.at, f"the pattern cannot be used: {error}") from None

    def _loop(self, node: Node) -> Kind:
        over, _, body = node.args
        self._want(over, node.value, Kind.LIST, Kind.MAP)
        if node.value == "map":
            self.kind(body)
        else:
            self._want(body, node.value, Kind.BOOL)
        return Kind.LIST if node.value in ("filter", "map") else Kind.BOOL

    def _operator(self, node: Node) -> Kind:
        if node.op in ("!", "&&", "||"):
            for one in node.args:
                self._want(one, node.op, Kind.BOOL)
            return Kind.BOOL
        if node.op in ("<", "<=", ">", ">="):
            self._alike(node, _ORDERED)
            return Kind.BOOL
        if node.op in ("==", "!="):
            self._alike(node, tuple(Kind))
            return Kind.BOOL
        if node.op == "in":
            self.kind(node.args[0])
            if node.args[0].op == "!":
                raise wrong(self._source, node.at, "! binds tighter than in", "write result not in [1, 2]")
            self._want(node.args[1], "in", Kind.LIST, Kind.MAP)
            return Kind.BOOL
        return self._alike(node, _ADDED if node.op == "+" else (Kind.NUMBER,))

    def _alike(self, node: Node, kinds: tuple[Kind, ...]) -> Kind:
        """Both sides of one kind; anything compares with null for equality."""
        found = {self._want(one, node.op, *kinds) for one in node.args} - {Kind.ANY}
        compared = found - {Kind.NULL} if node.op in ("==", "!=") else found
        if len(compared) > 1:
            first, second = sorted(compared)
            remedy = "double(result) makes a number of a text" if {first, second} == {Kind.NUMBER, Kind.TEXT} else ""
            raise wrong(self._source, node.at, f"{node.op} of {first} and {second} is never of use", remedy)
        return found.pop() if found else Kind.ANY if node.op == "+" else Kind.NUMBER


def _literal(node: Node) -> Kind:
    match node.value:
        case bool():
            return Kind.BOOL
        case None:
            return Kind.NULL
        case str():
            return Kind.TEXT
        case _:
            return Kind.NUMBER


def _either(yes: Kind, no: Kind) -> Kind:
    """What may come of two kinds: anything, if one of them may be true or false."""
    return Kind.ANY if {yes, no} & {Kind.BOOL, Kind.ANY} else yes


def _other(node: Node, found: Kind) -> str:
    if node.op == "!":
        return "put parentheses around what is denied: !(a > b)"
    return "join comparisons with &&" if found is Kind.BOOL else ""
