"""What the names in a condition stand for: variables, functions, methods, and expr-lang's functions with a body."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from bluegreen.conditions.functions import ALIASES, CLOSURES, FUNCTIONS, LOOPS, REMEDIES, RESERVED
from bluegreen.conditions.nodes import Node
from bluegreen.conditions.ports import ConditionError
from bluegreen.conditions.reading import Reading
from bluegreen.conditions.tokens import Token

_CONSTANTS = {"true": True, "false": False, "null": None, "nil": None}


def variable(parser: Reading, token: Token) -> Node:
    """A name by itself."""
    if token.text in _CONSTANTS:
        return parser.node("literal", token.at, value=_CONSTANTS[token.text])
    if token.text in parser.names:
        return parser.node("name", token.at, value=token.text)
    if token.text in FUNCTIONS or token.text in ALIASES or token.text in CLOSURES:
        raise parser.wrong(f"{token.text} is a function", token.at, f"write {token.text}(result)")
    remedy = REMEDIES.get(token.text) or _meant(token.text, parser.names)
    raise parser.wrong(f"nothing is named {token.text[:40]}", token.at, remedy)


def called(parser: Reading, token: Token) -> Node:
    """A function with its arguments, behind its opening parenthesis."""
    if token.text in CLOSURES:
        return _closure(parser, token)
    name = ALIASES.get(token.text, token.text)
    if name not in FUNCTIONS and name not in ("has", "dyn"):
        raise _unknown(parser, token)
    arguments = parser.arguments(")")
    if name == "has":
        return _has(parser, token, arguments)
    if name == "dyn":
        if len(arguments) != 1:
            raise parser.wrong("dyn takes 1 argument", token.at)
        return arguments[0]
    if FUNCTIONS[name].method:
        raise parser.wrong(f"{name} stands behind its text", token.at, f'write result.{name}("text")')
    _counted(parser, token, name, len(arguments))
    if name in ("isNil", "default"):
        arguments = (parser.tolerant(arguments[0]), *arguments[1:])
    return parser.node("call", token.at, *arguments, value=name)


def method(parser: Reading, token: Token, left: Node) -> Node:
    """`left.name(arguments)`, behind its opening parenthesis."""
    name = token.text
    if name not in FUNCTIONS and name not in ALIASES and name not in CLOSURES:
        raise _unknown(parser, token)
    if name != "size" and (name not in FUNCTIONS or not FUNCTIONS[name].method):
        raise parser.wrong(f"{name} stands before its argument", token.at, f"write {name}(result)")
    arguments = parser.arguments(")")
    _counted(parser, token, name, 1 + len(arguments))
    return parser.node("call", token.at, left, *arguments, value=name)


def _unknown(parser: Reading, token: Token) -> ConditionError:
    every = (*FUNCTIONS, *ALIASES, *CLOSURES, *LOOPS, "has")
    remedy = REMEDIES.get(token.text) or _meant(token.text, every)
    return parser.wrong(f"there is no function {token.text[:40]}", token.at, remedy)


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(set(known)))}"


def _counted(parser: Reading, token: Token, name: str, count: int) -> None:
    signature = FUNCTIONS[name]
    wanted = len(signature.takes)
    if count != wanted and not (signature.many and count > wanted):
        most = "or more " if signature.many else ""
        took = wanted - 1 if signature.method else wanted
        gets = count - 1 if signature.method else count
        raise parser.wrong(f"{token.text} takes {took} {most}argument{'s' * (took != 1)}, not {gets}", token.at)


def _has(parser: Reading, token: Token, arguments: tuple[Node, ...]) -> Node:
    if len(arguments) != 1 or arguments[0].op != "field" or arguments[0].value in RESERVED:
        raise parser.wrong("has asks for a key", token.at, 'write has(result.x), or "x" in result')
    return parser.node("has", token.at, *arguments[0].args, value=arguments[0].value)


def _closure(parser: Reading, token: Token) -> Node:
    """`all(list, {# > 0})`, and its like."""
    kind, at = CLOSURES[token.text], token.at
    over = parser.expression()
    if token.text == "sum" and parser.next.text == ")":
        parser.take()
        return parser.node("call", at, over, value="sum")
    if parser.next.text != ",":
        remedy = REMEDIES.get(token.text) or f"write {token.text}(result, {{# > 0}})"
        raise parser.wrong(f"{token.text} wants a list and a condition", at, remedy)
    parser.take()
    name = f"it{len(parser.pointers) + 1}" if parser.pointers else "it"
    with parser.naming(name, at, pointer=True):
        body = parser.body()
    parser.expect(")")
    loop = parser.node("loop", at, over, parser.node("name", at, value=name), body, value=kind)
    match token.text:
        case "none":
            return parser.node("!", at, loop)
        case "count":
            return parser.node("call", at, loop, value="size")
        case "sum":
            return parser.node("call", at, loop, value="sum")
        case _:
            return loop
