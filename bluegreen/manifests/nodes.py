"""YAML or JSON text to a tree whose every node knows its place.

The tree is built from the parser's events rather than by its own composer: that one recurses in C, and a deeply nested
text would take the process down with it. Sizes and depths are bounded here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import yaml
from attrs import define

from bluegreen.manifests.report import Report
from bluegreen.manifests.source import Mark, Source
from bluegreen.manifests.syntax import explained

DEPTH_MAX = 100
NODES_MAX = 100_000
"""In one text, and in one document once its aliases are followed."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where it was built


@define(eq=False)
class ScalarNode:
    """A word. `quoted`: it is a text, whatever it looks like. `style`: written with `'`, `"`, `|`, `>` or nothing."""

    mark: Mark
    tag: str | None
    word: str
    quoted: bool
    style: str = ""


@define(eq=False)
class ListNode:
    """A sequence."""

    mark: Mark
    tag: str | None
    items: list[Node]


@define(eq=False)
class MapNode:
    """A mapping. `pairs` are as written: keys may be anything, and may repeat."""

    mark: Mark
    tag: str | None
    pairs: list[tuple[Node, Node]]
    key: Node | None = None
    """The key that waits for its value, while the tree is built."""


Node: TypeAlias = ScalarNode | ListNode | MapNode


class Stop(Exception):
    """The text cannot be read beyond this place."""

    def __init__(self, mark: Mark, message: str, remedy: str = "") -> None:
        self.mark, self.message, self.remedy = mark, message, remedy
        super().__init__(message)


def documents(source: Source, report: Report) -> Iterator[Node]:
    """The documents of a text that hold something. Where the text cannot be read further is a problem in the report."""
    try:
        builder = _Builder()
        for event in yaml.parse(source.text, Loader=_Loader):
            if root := builder.take(event):
                yield root
    except yaml.YAMLError as error:
        mark, message, remedy = explained(error, source)
        report.unread(source, mark, message, remedy)
    except Stop as error:
        report.unread(source, error.mark, error.message, error.remedy)


class _Builder:
    """Puts events together: one document after the other."""

    def __init__(self) -> None:
        self._open: list[tuple[ListNode | MapNode, str | None]] = []
        self._anchors: dict[str, Node | None] = {}
        self._root: Node | None = None
        self._count = 0

    def take(self, event: yaml.Event) -> Node | None:
        """Takes the next event; the root of the document that it ends, if it ends one that is not empty."""
        match event:
            case yaml.DocumentStartEvent():
                self._root, self._anchors = None, {}
            case yaml.DocumentEndEvent():
                return None if _is_empty(self._root) else self._root
            case yaml.AliasEvent():
                self._place(self._known(str(event.anchor), _mark(event)))
            case yaml.ScalarEvent():
                quoted = bool(event.style) or event.tag == "!"
                self._start(ScalarNode(_mark(event), _tag(event), event.value, quoted, event.style or ""), event.anchor)
            case yaml.SequenceStartEvent():
                self._start(ListNode(_mark(event), _tag(event), []), event.anchor)
            case yaml.MappingStartEvent():
                self._start(MapNode(_mark(event), _tag(event), []), event.anchor)
            case yaml.CollectionEndEvent():
                node, anchor = self._open.pop()
                if anchor is not None:
                    self._anchors[anchor] = node
            case _:
                pass
        return None

    def _start(self, node: Node, anchor: str | None) -> None:
        self._place(node)
        if anchor is not None:
            self._anchors[anchor] = node if isinstance(node, ScalarNode) else None
        if not isinstance(node, ScalarNode):
            self._open.append((node, anchor))
            if len(self._open) > DEPTH_MAX:
                raise Stop(node.mark, f"nested more than {DEPTH_MAX} deep", "no manifest needs that")

    def _place(self, node: Node) -> None:
        self._count += 1
        if self._count > NODES_MAX:
            raise Stop(node.mark, f"more than {NODES_MAX} values", "give the rollout a file of its own")
        if not self._open:
            self._root = node
            return
        parent = self._open[-1][0]
        if isinstance(parent, ListNode):
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            parent.pairs.append((parent.key, node))
            parent.key = None

    def _known(self, anchor: str, mark: Mark) -> Node:
        if anchor not in self._anchors:
            raise Stop(mark, f"there is no anchor &{anchor} above this", "a text that begins with * needs quotes")
        if (node := self._anchors[anchor]) is None:
            raise Stop(mark, f"*{anchor} stands inside what &{anchor} names, so it would never end")
        return node


def _is_empty(node: Node | None) -> bool:
    return node is None or (isinstance(node, ScalarNode) and not node.quoted and not node.word)


def _tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> str | None:
    # "!" says only that a scalar is a text, which `quoted` says already.
    return None if event.tag == "!" else event.tag


def _mark(event: yaml.Event) -> Mark:
    start, end = event.start_mark, event.end_mark
    assert start is not None, "the parser marks every event"
    assert end is not None, "at both ends"
    is_word = isinstance(event, yaml.ScalarEvent | yaml.AliasEvent) and start.line == end.line
    return Mark(start.line, start.column, max(1, end.column - start.column) if is_word else 1)
