"""Taking one word of a condition after the other, within the limits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Generator
from contextlib import contextmanager

from bluegreen.conditions.functions import REMEDIES, RESERVED
from bluegreen.conditions.nodes import DEPTH_MAX, NODES_MAX, Node, wrong
from bluegreen.conditions.ports import ConditionError
from bluegreen.conditions.tokens import Token, tokens
from bluegreen.spec import JSON


class Reading(ABC):
    """Where a parser is. `names` are the variables that may be spoken of here, `pointers` what `#` stands for."""

    def __init__(self, source: str, variables: Collection[str]) -> None:
        self.source = source
        self.names = tuple(variables)
        self.pointers: tuple[str, ...] = ()
        self._tokens = tokens(source)
        self._at = 0
        self._depth = 0
        self._nodes = 0

    @property
    def next(self) -> Token:
        """The word that comes next."""
        return self._tokens[self._at]

    def peek(self) -> Token:
        """The word behind the next one."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The next word, which is then behind us; never beyond the end."""
        token = self.next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def expect(self, text: str) -> None:
        """Takes the sign, or raises."""
        if self.next.text != text:
            raise self.unexpected(text)
        self.take()

    def unexpected(self, wanted: str = "", remedy: str = "") -> ConditionError:
        """The error that the next word cannot stand here."""
        there = f"{self.next.text[:40]} cannot stand here" if self.next.kind != "end" else "something is missing here"
        message = f"{there}: {wanted} is wanted" if wanted else there
        return self.wrong(message, remedy=remedy or REMEDIES.get(self.next.text, ""))

    def wrong(self, message: str, at: int | None = None, remedy: str = "") -> ConditionError:
        """The error that points at an offset, or at the next word."""
        return wrong(self.source, self.next.at if at is None else at, message, remedy)

    @abstractmethod
    def expression(self) -> Node:
        """A condition, or any part of one that stands by itself."""

    def body(self) -> Node:
        """What is to be done with each element, `{# > 0}` or without braces."""
        if self.next.text != "{":
            return self.expression()
        self.take()
        found = self.expression()
        self.expect("}")
        return found

    def arguments(self, end: str) -> tuple[Node, ...]:
        """What stands between commas, up to the sign that ends it."""
        found: list[Node] = []
        while self.next.text != end:
            if found:
                self.expect(",")
            found.append(self.expression())
        self.take()
        return tuple(found)

    def node(self, op: str, at: int, *args: Node, value: JSON = None) -> Node:
        """A part of the condition, counted. Raises when there are too many, or too many inside one another."""
        self._nodes += 1
        depth = 1 + max((one.depth for one in args), default=0)
        if self._nodes > NODES_MAX:
            raise self.wrong(f"the condition has more than {NODES_MAX} parts", at, "write several metrics")
        if depth > DEPTH_MAX:
            raise self._too_deep(at)
        return Node(op, at, args, value, depth)

    def _too_deep(self, at: int) -> ConditionError:
        return self.wrong(f"more than {DEPTH_MAX} levels stand inside one another", at, "write several metrics")

    @contextmanager
    def deeper(self) -> Generator[None]:
        """One level down, as far as that is allowed."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self._too_deep(self.next.at)
        yield
        self._depth -= 1

    @contextmanager
    def naming(self, name: str, at: int, *, pointer: bool = False) -> Generator[None]:
        """Inside, there is a variable of that name. Raises when the name is taken, or none."""
        if name in (*self.names, *self.pointers) or name in RESERVED:
            raise self.wrong(f"{name} is taken", at, "choose another name for the variable")
        before = self.names, self.pointers
        if pointer:  # what # stands for cannot be spoken of by name
            self.pointers = (*self.pointers, name)
        else:
            self.names = (*self.names, name)
        yield
        self.names, self.pointers = before

    def tolerant(self, node: Node) -> Node:
        """The same, but null where it is expr-lang's way to give nil: for a key that is missing."""
        if node.op == "field":
            key = self.node("literal", node.at, value=node.value)
            return self.node("call", node.at, *node.args, key, value="lookup")
        if node.op == "index" and isinstance(node.args[1].value, str) and node.args[1].op == "literal":
            return self.node("call", node.at, *node.args, value="lookup")
        if node.op == "call" and node.value == "default":
            return self.node("call", node.at, node.args[0], self.tolerant(node.args[1]), value="default")
        return node
