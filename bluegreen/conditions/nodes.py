"""What a condition is made of, once it has been read; and how to complain of a place in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from bluegreen.conditions.ports import ConditionError
from bluegreen.spec import JSON

LENGTH_MAX: Final = 4096
"""A condition may have so many characters."""
DEPTH_MAX: Final = 32
"""So many of its parts may stand inside one another: evaluating it has to fit Python's stack."""
NODES_MAX: Final = 500
"""And it may have so many parts altogether."""


@frozen(eq=False)
class Node:
    """One part of a condition, in CEL's terms.

    `op` says what it is: `literal`, `list`, `map` (an empty one), `name`, `field` (the key is `value`), `index`,
    `has`, `call` (the function is `value`), `loop` (`value` is all, exists, exists_one, filter or map; the arguments
    are the list, the variable and the body), `?:`, or an operator of CEL, with `-` of one argument for the sign. `at`
    is the offset of its characteristic token in the source.
    """

    op: str
    at: int
    args: tuple[Node, ...] = ()
    value: JSON = None
    depth: int = 1


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, from the outside in."""
    yield node
    for one in node.args:
        yield from walk(one)


def wrong(source: str, at: int, message: str, remedy: str = "") -> ConditionError:
    """The error that points at an offset in the source."""
    lines = (source[:at] + ".").splitlines()
    return ConditionError(message, source, len(lines), len(lines[-1]), remedy)
