"""Reads a condition: CEL, and of expr-lang what means the same, which becomes CEL on the way.

Precedence, from loose to tight: `?:`, `||`, `&&`, comparisons (which do not chain), `+ -`, `* / %`, `! -`, `??`,
postfix. `??` has to stand in parentheses beside any other operator, as in expr-lang. What only expr-lang has is
translated where it is read: `closures` has the functions with a body, this file the rest.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from bluegreen.conditions.functions import LOOPS, REMEDIES
from bluegreen.conditions.names import called, method, variable
from bluegreen.conditions.nodes import Node
from bluegreen.conditions.reading import Reading
from bluegreen.conditions.tokens import INT_MAX, Token

_PRECEDENCE: Final = {"||": 1, "&&": 2, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5} | dict.fromkeys(
    ("==", "!=", "<", "<=", ">", ">=", "in", "matches", "contains", "startsWith", "endsWith"), 3
)
_METHODS: Final = ("matches", "contains", "startsWith", "endsWith")
_SPELLED: Final = {"and": "&&", "or": "||"}


def parsed(source: str, variables: Collection[str]) -> Node:
    """The condition, read. Raises `ConditionError` for what is neither CEL nor translatable, and for unknown names."""
    parser = _Parser(source, variables)
    if parser.next.kind == "end":
        raise parser.wrong("the condition is empty", remedy="write result[0] >= 0.99, for instance")
    found = parser.expression()
    if parser.next.kind != "end":
        raise parser.unexpected()
    return found


class _Parser(Reading):
    bare: Node | None = None
    """The last `??` that has no parentheses around it."""

    def expression(self) -> Node:
        """A condition, or any part of one that stands by itself."""
        with self.deeper():
            condition = self._binary(1)
            if self.next.text != "?":
                return condition
            at = self.take().at
            yes = self.expression()
            self.expect(":")
            return self.node("?:", at, condition, yes, self.expression())

    def _binary(self, least: int) -> Node:
        left, before = self._unary(), 0
        while (found := self._operator()) and _PRECEDENCE[found[0]] >= least:
            op, negated = found
            precedence = _PRECEDENCE[op]
            if precedence == before == 3:
                raise self.wrong("comparisons do not chain", remedy="write a < b && b < c")
            before = precedence
            at = self.take().at
            if negated:
                self.take()
            right = self._binary(precedence + 1)
            self._not_bare(left, right)
            if op in ("==", "!="):
                left, right = self._beside_nil(left, right), self._beside_nil(right, left)
            left = self.node("call", at, left, right, value=op) if op in _METHODS else self.node(op, at, left, right)
            left = self.node("!", at, left) if negated else left
        return left

    def _operator(self) -> tuple[str, bool] | None:
        """The binary operator that comes next, and whether `not` stands before it."""
        text = _SPELLED.get(self.next.text, self.next.text)
        if text == "not" and (after := self.peek().text) in ("in", *_METHODS):
            return after, True
        return (text, False) if text in _PRECEDENCE else None

    def _beside_nil(self, node: Node, other: Node) -> Node:
        """Compared with expr-lang's nil, a missing key is one; with CEL's null it is an error."""
        nil = other.op == "literal" and other.value is None and self.source.startswith("nil", other.at)
        return self.tolerant(node) if nil else node

    def _not_bare(self, *operands: Node) -> None:
        if self.bare is not None and any(one is self.bare for one in operands):
            raise self.wrong("?? beside another operator", self.bare.at, "put parentheses: (result.x ?? 0) > 1")

    def _unary(self) -> Node:
        token = self.next
        if token.text not in ("!", "not", "-"):
            return self._coalesced()
        with self.deeper():
            self.take()
            following = self.next
            if token.text == "-" and following.kind == "literal" and isinstance(following.value, int | float):
                return self._postfix(self._literal(token))
            operand = self._unary()
            self._not_bare(operand)
            return self.node("-" if token.text == "-" else "!", token.at, operand)

    def _coalesced(self) -> Node:
        left = self._postfix(self._primary())
        while self.next.text == "??":
            at = self.take().at
            right = self._postfix(self._primary())
            left = self.bare = self.node("call", at, self.tolerant(left), right, value="default")
        return left

    def _postfix(self, left: Node) -> Node:
        optional = False
        while self.next.text in (".", "[", "?."):
            token = self.take()
            if optional and token.text != "?.":
                message = f"{token.text} behind ?. reads from null where the key is missing"
                raise self.wrong(message, token.at, "write ?. all the way: result?.a?.b")
            if token.text == "[":
                left = self._index(left, token.at)
            elif token.text == "?.":
                left, optional = self._optional(left, token.at), True
            else:
                left = self._dot(left)
        return left

    def _index(self, left: Node, at: int) -> Node:
        index = self.expression() if self.next.text != ":" else None
        if index is None or self.next.text == ":":
            raise self.wrong("a part of a list cannot be taken", remedy="write result[0], or filter(result, {# > 0})")
        self.expect("]")
        return self.node("index", at, left, index)

    def _optional(self, left: Node, at: int) -> Node:
        if self.next.kind != "name":
            raise self.wrong("?. wants a key", remedy="write size(result) > 0 && result[0] > 1 for a list")
        key = self.take()
        empty = self.node("map", at)
        present = self.node("call", at, self.tolerant(left), empty, value="default")
        return self.node("call", at, present, self.node("literal", key.at, value=key.text), value="lookup")

    def _dot(self, left: Node) -> Node:
        if self.next.kind != "name":
            raise self.unexpected("a key", remedy=REMEDIES["?"] if self.next.text == "?" else "")
        key = self.take()
        if self.next.text != "(":
            return self.node("field", key.at, left, value=key.text)
        self.take()
        if key.text in LOOPS:
            return self._loop(left, key.text, key.at)
        return method(self, key, left)

    def _loop(self, over: Node, kind: str, at: int) -> Node:
        """`list.all(x, x > 0)`, behind its parenthesis."""
        name = self.take()
        if name.kind != "name" or self.next.text != ",":
            raise self.wrong(f"{kind} wants a variable and what to do with it", at, f"write result.{kind}(x, x > 0)")
        self.take()
        with self.naming(name.text, name.at):
            body = self.expression()
        self.expect(")")
        return self.node("loop", at, over, self.node("name", name.at, value=name.text), body, value=kind)

    def _primary(self) -> Node:
        token = self.next
        if token.kind == "literal":
            return self._literal()
        if token.kind == "name":
            self.take()
            if self.next.text == "(":
                self.take()
                return called(self, token)
            return variable(self, token)
        match token.text:
            case "(":
                self.take()
                inner = self.expression()
                self.expect(")")
                self.bare = None
                return inner
            case "[":
                self.take()
                return self.node("list", token.at, *self.arguments("]"))
            case "{":
                return self._map()
            case "#" | ".":
                return self._pointer()
            case _:
                raise self.unexpected()

    def _literal(self, minus: Token | None = None) -> Node:
        token = self.take()
        value = token.value if minus is None else -token.value
        if isinstance(value, int) and not -INT_MAX - 1 <= value <= INT_MAX:
            raise self.wrong(f"{token.text[:40]} is too large a number", token.at, "write it with an exponent: 1e20")
        return self.node("literal", (minus or token).at, value=value)

    def _map(self) -> Node:
        at = self.take().at
        if self.next.text != "}":
            # Its numbers would equal those of the result here, as in CEL, and would not in expr-lang.
            raise self.wrong("a map cannot be written in a condition", at, "ask for each key: result.a == 1")
        self.take()
        return self.node("map", at)

    def _pointer(self) -> Node:
        """`#` or `.key` inside the braces of expr-lang."""
        token = self.take()
        if not self.pointers:
            remedy = "all(result, {# > 0}) and result.all(x, x > 0) mean the same"
            raise self.wrong(f"{token.text} stands for nothing here", token.at, remedy)
        if token.text == "#" and self.next.kind == "name" and self.next.at == token.at + 1:
            raise self.wrong(f"#{self.next.text} is not to be had", token.at, "# is the element itself")
        item = self.node("name", token.at, value=self.pointers[-1])
        return item if token.text == "#" else self._dot(item)
