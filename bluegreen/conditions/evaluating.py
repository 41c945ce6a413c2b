"""cel-python's evaluator, held to what CEL says and to a budget of work.

This module alone, with `operations`, imports cel-python, and is imported when the first condition is evaluated. It goes
round `celpy.Environment`, which raises the recursion limit of the whole process: the parser, the activation and the
evaluator are used directly, and nothing that two threads share is changed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, Final

from celpy import celparser
from celpy.celtypes import BoolType, IntType, ListType, MapType, StringType
from celpy.evaluation import Activation, Evaluator
from lark import Token, Tree

from bluegreen.conditions import operations as op
from bluegreen.conditions.functions import LOOPS
from bluegreen.conditions.operations import Budget, Refused, Value, truth
from bluegreen.spec import JSON

# Rules of the grammar that only pass on what stands below them: an operand stands below ten of them.
_CHAIN: Final = frozenset(
    (
        "expr",
        "conditionalor",
        "conditionaland",
        "relation",
        "addition",
        "multiplication",
        "unary",
        "member",
        "paren_expr",
    )
)


_OPERATORS: Final = {
    "relation_lt": "_<_",
    "relation_le": "_<=_",
    "relation_gt": "_>_",
    "relation_ge": "_>=_",
    "relation_eq": "_==_",
    "relation_ne": "_!=_",
    "relation_in": "_in_",
    "addition_add": "_+_",
    "addition_sub": "_-_",
    "multiplication_mul": "_*_",
    "multiplication_div": "_/_",
    "multiplication_mod": "_%_",
}


@lru_cache(maxsize=4096)
def tree_of(text: str) -> Tree[Token]:
    """The parse tree of a condition in CEL, without what only passes on: it fits Python's stack."""
    return _short(celparser.CELParser().parse(text))


def _short(tree: Tree[Token]) -> Tree[Token]:
    while len(tree.children) == 1 and (tree.data in _CHAIN or _passes_on(tree)):
        below = tree.children[0]
        assert isinstance(below, Tree)
        tree = below
    return Tree(tree.data, [_short(one) if isinstance(one, Tree) else one for one in tree.children])


def _passes_on(tree: Tree[Token]) -> bool:
    below = tree.children[0]
    return tree.data == "primary" and isinstance(below, Tree) and below.data in ("literal", "paren_expr")


def value_of(text: str, variables: Mapping[str, JSON], *, not_finite: bool) -> Value:
    """The value of some CEL, as cel-python has it. Raises `Refused`, or whatever cel-python comes up with."""
    budget = Budget()
    found = {name: op.cel(value) for name, value in variables.items()}
    activation = Activation(functions=_functions(budget, not_finite))
    return _Evaluator(tree_of(text), activation, budget, found).value()


class _Evaluator(Evaluator):
    """Short-circuits from left to right, and counts what it does. Errors are raised, never passed on as values."""

    def __init__(self, ast: Tree[Token], activation: Activation, budget: Budget, variables: dict[str, Value]) -> None:
        super().__init__(ast, activation)
        self._budget = budget
        self._variables = variables

    def value(self) -> Value:
        """What it evaluates to, with the variables as they are now."""
        return self._of(self.ast)

    def visit_children(self, tree: Tree[Any]) -> list[Value]:
        return [self._of(one) if isinstance(one, Tree) else one for one in tree.children]

    def ident_value(self, name: str, root_scope: bool = False) -> Value:
        return self._variables[name]

    def _of(self, tree: Tree[Any]) -> Value:
        self._budget.spend(1)
        return self.visit(tree)

    def _below(self, tree: Tree[Token], place: int) -> Value:
        below = tree.children[place]
        assert isinstance(below, Tree)
        return self._of(below)

    def expr(self, tree: Tree[Token]) -> Value:
        chosen = 1 if truth(self._below(tree, 0), "?") else 2
        return self._below(tree, chosen)

    def conditionalor(self, tree: Tree[Token]) -> Value:
        return BoolType(truth(self._below(tree, 0), "||") or truth(self._below(tree, 1), "||"))

    def conditionaland(self, tree: Tree[Token]) -> Value:
        return BoolType(truth(self._below(tree, 0), "&&") and truth(self._below(tree, 1), "&&"))

    def relation(self, tree: Tree[Token]) -> Value:
        return self._binary(tree)

    def addition(self, tree: Tree[Token]) -> Value:
        return self._binary(tree)

    def multiplication(self, tree: Tree[Token]) -> Value:
        return self._binary(tree)

    def _binary(self, tree: Tree[Token]) -> Value:
        marked = tree.children[0]
        assert isinstance(marked, Tree)
        left, right = self._below(marked, 0), self._below(tree, 1)
        return self.activation.resolve_function(_OPERATORS[marked.data])(left, right)

    def member_dot(self, tree: Tree[Token]) -> Value:
        inside = self._below(tree, 0)
        if not isinstance(inside, MapType):
            raise Refused(f"{op.words(inside)} has no key {tree.children[1]}")
        return op.item(inside, StringType(str(tree.children[1])))

    def macro_has_eval(self, exprlist: Tree[Token]) -> Value:
        asked = exprlist.children[0]
        assert isinstance(asked, Tree)
        inside = self._below(asked, 0)
        if not isinstance(inside, MapType):
            raise Refused(f"{op.words(inside)} has no keys to ask for")
        return BoolType(StringType(str(asked.children[1])) in inside)

    def member_dot_arg(self, tree: Tree[Token]) -> Value:
        name = str(tree.children[1])
        if name not in LOOPS:
            return super().member_dot_arg(tree)
        over, arguments = self._below(tree, 0), tree.children[2]
        assert isinstance(arguments, Tree)
        if not isinstance(over, ListType | MapType):
            raise Refused(f"{name} wants a list, and {op.words(over)} is none")
        variable, body = arguments.children
        assert isinstance(variable, Tree)
        assert isinstance(body, Tree)
        word = variable.children[0]
        assert isinstance(word, Tree)
        inner = dict(self._variables)
        one = _Evaluator(body, self.activation, self._budget, inner)

        def with_each(item: Value) -> Value:
            inner[str(word.children[0])] = item
            return one.value()

        return _looped(name, over, with_each)


def _looped(name: str, over: Any, body: Callable[[Value], Value]) -> Value:
    if name == "map":
        return ListType([body(item) for item in over])
    holding = (item for item in over if truth(body(item), name))
    match name:
        case "filter":
            return ListType(list(holding))
        case "all":
            return BoolType(all(truth(body(item), name) for item in over))
        case "exists":
            return BoolType(any(True for _ in holding))
        case _:
            return BoolType(sum(1 for _ in holding) == 1)


def _functions(budget: Budget, not_finite: bool) -> dict[str, Callable[..., Value]]:
    """All that cel-python looks up by name: its operators, and our functions. Nothing of its own is left in reach."""
    equal = partial(op.equal, budget)
    text = partial(_texts, budget)
    return {
        "!_": lambda one: BoolType(not truth(one, "!")),
        "-_": partial(op.calculated, "-", lambda one: -one),
        "_+_": partial(op.concatenated, budget),
        "_-_": partial(op.calculated, "-", operator.sub),
        "_*_": partial(op.calculated, "*", operator.mul),
        "_/_": partial(op.calculated, "/", operator.truediv),
        "_%_": partial(op.calculated, "%", op.remainder),
        "_==_": lambda left, right: BoolType(equal(left, right)),
        "_!=_": lambda left, right: BoolType(not equal(left, right)),
        "_in_": partial(_within, budget),
        "_[_]": op.item,
        **{f"_{sign}_": partial(op.ordered, sign) for sign in ("<", "<=", ">", ">=")},
        **{name: partial(_summary, budget, name) for name in ("sum", "mean", "median", "min", "max")},
        "abs": partial(op.calculated, "abs", op.absolute),
        "int": partial(op.read, whole=True, not_finite=False),
        "asInt": partial(op.read, whole=True, not_finite=False),
        "double": partial(op.read, whole=False, not_finite=not_finite),
        "asFloat": partial(op.read, whole=False, not_finite=not_finite),
        "isNaN": lambda one: BoolType(op.number(one, "isNaN") != op.number(one, "isNaN")),
        "isInf": lambda one: BoolType(abs(op.number(one, "isInf")) == float("inf")),
        "isNil": lambda one: BoolType(one is None),
        "default": lambda one, other: other if one is None else one,
        "lookup": _looked_up,
        "duration": op.span,
        "size": _size,
        "contains": text("contains", lambda one, part: part in one),
        "startsWith": text("startsWith", str.startswith),
        "endsWith": text("endsWith", str.endswith),
        "matches": text("matches", partial(op.matches, budget)),
    }


def _summary(budget: Budget, name: str, *values: Value) -> Value:
    for one in values:
        budget.spend(len(one) if isinstance(one, ListType) else 1)
    return op.summary(name, values)


def _within(budget: Budget, one: Value, inside: Value) -> Value:
    if isinstance(inside, ListType):
        return BoolType(any(op.equal(budget, one, each) for each in inside))
    if isinstance(inside, MapType):
        if not isinstance(one, StringType):
            raise Refused(f"the keys of a map are texts, and {op.words(one)} is none")
        return BoolType(one in inside)
    raise Refused(f"in wants a list or a map, and {op.words(inside)} is none")


def _looked_up(inside: Value, key: Value) -> Value:
    if not isinstance(inside, MapType):
        raise Refused(f"{op.words(inside)} has no key {op.words(key)}")
    if key not in inside:  # its get() raises
        return None
    return inside[key]


def _size(value: Value) -> Value:
    if not isinstance(value, StringType | ListType | MapType):
        raise Refused(f"{op.words(value)} has no size")
    return IntType(len(value))


def _texts(budget: Budget, by: str, work: Callable[[str, str], bool]) -> Callable[[Value, Value], Value]:
    def both(one: Value, other: Value) -> Value:
        for text in (one, other):
            if not isinstance(text, StringType):
                raise Refused(f"{by} wants a text, and {op.words(text)} is none")
        budget.spend(1 + (len(one) + len(other)) // 16)
        return BoolType(work(str(one), str(other)))

    return both
