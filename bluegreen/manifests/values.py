"""Nodes to plain JSON values. What has two meanings, repeats or cannot be data is a problem, each at its place."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from bluegreen.manifests.nodes import DEPTH_MAX, NODES_MAX, ListNode, MapNode, Node, ScalarNode, Stop
from bluegreen.manifests.place import place_of
from bluegreen.manifests.report import Path, Report
from bluegreen.manifests.scalars import Unclear, meaning
from bluegreen.manifests.source import Mark, Source
from bluegreen.manifests.syntax import TEMPLATE
from bluegreen.spec import JSON

_TAG = "tag:yaml.org,2002:"
_TEXT_TAG = f"{_TAG}str"
MERGES_MAX = 100
_SILENT_TAGS = {ScalarNode: _TEXT_TAG, ListNode: f"{_TAG}seq", MapNode: f"{_TAG}map"}


@frozen(eq=False)
class Document:
    """One object of a manifest: `value` as JSON, `root` to find places in."""

    source: Source
    root: MapNode
    value: dict[str, JSON]
    said: set[Path]
    """Paths of which something was said already: nothing that follows from it is said as well."""

    def mark(self, path: Path, *, key: bool = False) -> Mark:
        """The place of what stands at `path`: a word's own, of a list or mapping its key's, as of anything if `key`.

        What is not there has the place of what it should be in.
        """
        mark, node = self._found(path)
        return mark if key or not isinstance(node, ScalarNode) or not node.word else node.mark

    def within(self, path: Path, index: int) -> Mark:
        """The place of one character of the text at `path`; the text's own where that cannot be told."""
        node = self._found(path)[1]
        mark = place_of(self.source, node, index) if isinstance(node, ScalarNode) else None
        return mark or self.mark(path)

    def _found(self, path: Path) -> tuple[Mark, Node | None]:
        """The place of the key (or the item) at `path`, and what stands there; None when nothing does."""
        node: Node = self.root
        mark = first_key(self.root)
        for part in path:
            if isinstance(node, MapNode):
                pair = next(
                    (one for one in _pairs(node) if isinstance(one[0], ScalarNode) and one[0].word == part), None
                )
                if pair is None:
                    return mark, None
                mark, node = pair[0].mark, pair[1]
            elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
                node = node.items[part]
                mark = first_key(node)
            else:
                return mark, None
        return mark, node


def first_key(node: Node) -> Mark:
    """Where a node begins, for a person: at its first field, not at a brace."""
    return node.pairs[0][0].mark if isinstance(node, MapNode) and node.pairs else node.mark


def word_at(root: MapNode, name: str) -> str:
    """The word that a top-level field has, or empty: enough to see what a document is before reading it."""
    for key, value in root.pairs:
        if isinstance(key, ScalarNode) and isinstance(value, ScalarNode) and key.word == name:
            return value.word
    return ""


def items_of(root: MapNode) -> list[Node]:
    """The items of a `kind: List`."""
    for key, value in root.pairs:
        if isinstance(key, ScalarNode) and isinstance(value, ListNode) and key.word == "items":
            return value.items
    return []


class Values:
    """Reads the values of one source; what its aliases multiply is bounded for all of it."""

    def __init__(self, source: Source, report: Report) -> None:
        self._source, self._report = source, report
        self._count = 0
        self._said: set[Path] = set()
        self.spent = False
        """Whether a bound was reached: what follows in this source is not worth reading."""

    def document(self, root: MapNode) -> Document | None:
        """The document as JSON. None, and a problem in the report, when it grows beyond all bounds."""
        self._said = set()
        try:
            return Document(self._source, root, self._mapping(root, ()), self._said)
        except Stop as error:
            self.spent = True
            self._report.unread(self._source, error.mark, error.message, error.remedy)
            return None

    def _of(self, node: Node, path: Path) -> JSON:
        self._count += 1
        if self._count > NODES_MAX:
            raise Stop(node.mark, f"aliases multiply this to more than {NODES_MAX} values", "use fewer aliases")
        if len(path) > DEPTH_MAX:
            raise Stop(node.mark, f"aliases nest this more than {DEPTH_MAX} deep", "write it out")
        if node.tag is not None and node.tag != _SILENT_TAGS[type(node)]:
            tag = node.tag.replace(_TAG, "!!")
            self._complain(path, node.mark, f"the tag {tag} has no place here", "remove the tag")
            return None
        match node:
            case ScalarNode():
                return self._scalar(node, path)
            case ListNode():
                return [self._of(item, (*path, index)) for index, item in enumerate(node.items)]
            case MapNode():
                return self._mapping(node, path)

    def _scalar(self, node: ScalarNode, path: Path) -> JSON:
        if node.quoted or node.tag == _TEXT_TAG:
            return node.word
        try:
            return meaning(node.word)
        except Unclear as unclear:
            discreet = path[-1:] == ("value",) and not node.word.isalpha() and not {"env", "headers"}.isdisjoint(path)
            message = unclear.discreet if discreet else unclear.message
            remedy = "put it in quotes" if discreet else unclear.remedy
            self._complain(path, node.mark, message, remedy)
            return None

    def _complain(self, path: Path, mark: Mark, message: str, remedy: str) -> None:
        if self._report.full:
            raise Stop(mark, "too much is wrong to read on")
        self._said.add(path)
        self._report.add(self._source, path, mark, message, remedy)

    def _mapping(self, node: MapNode, path: Path) -> dict[str, JSON]:
        value: dict[str, JSON] = {}
        first: dict[str, Mark] = {}
        own = {id(key) for key, _ in node.pairs}
        for key, child in _pairs(node):
            word = self._key(key, path)
            if word is None:
                continue
            if word not in first:
                first[word] = key.mark
                value[word] = self._of(child, (*path, word))
            elif id(key) in own:
                message = f"given twice, first in line {first[word].line + 1}"
                self._complain((*path, word), key.mark, message, "keep one of them")
        return value

    def _key(self, node: Node, path: Path) -> str | None:
        if not isinstance(node, ScalarNode):
            template = "{{" in self._source.lines[node.mark.line]
            message = "a list or a mapping cannot be the name of a field"
            self._complain(
                path, node.mark, *(TEMPLATE if template else (message, "a text that begins so needs quotes"))
            )
            return None
        if _is_merge(node):
            message = "<< merges a mapping, or a list of mappings"
            self._complain(path, node.mark, message, "write << : *anchor, where &anchor names a mapping")
            return None
        try:
            word = node.word if node.quoted or node.tag == _TEXT_TAG else meaning(node.word)
            message = "the name of a field must be a text"
        except Unclear as unclear:
            word, message = None, unclear.message
        if isinstance(word, str):
            return word
        self._complain((*path, node.word), node.mark, message, f'write "{node.word}" in quotes' if node.word else "")
        return None


def _pairs(node: MapNode) -> Iterator[tuple[Node, Node]]:
    """A mapping's pairs: its own, and after them what `<<` merges in, the nearer first."""
    waiting, seen = [node], {id(node)}
    while waiting:
        merged: list[MapNode] = []
        for key, value in waiting.pop().pairs:
            if _is_merge(key) and (maps := _mappings(value)):
                merged += [one for one in maps if id(one) not in seen]
                seen |= {id(one) for one in maps}
                if len(seen) > MERGES_MAX:
                    raise Stop(key.mark, f"merges more than {MERGES_MAX} mappings", "write it out")
            else:
                yield key, value
        waiting += reversed(merged)


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.word == "<<" and not key.quoted


def _mappings(node: Node) -> list[MapNode]:
    nodes = node.items[: MERGES_MAX + 1] if isinstance(node, ListNode) else [node]
    maps = [one for one in nodes if isinstance(one, MapNode)]
    return maps if len(maps) == len(nodes) else []
