"""Reading typed fields out of an object. What is not as it should be is a problem; the rest is read all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from attrs import evolve, frozen

from bluegreen.manifests.report import Path, Report
from bluegreen.manifests.scalars import repr_json
from bluegreen.manifests.units import UnitError, duration_s
from bluegreen.manifests.values import Document
from bluegreen.spec import JSON

_INT32_MAX = 2**31 - 1
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Unreadable(Exception):
    """The value is not as it should be; the report says so already."""


@frozen(eq=False)
class At:
    """A value, and where it stands."""

    document: Document
    path: Path
    value: JSON
    report: Report

    def child(self, key: str | int) -> At:
        """What stands below this value; its value is None when nothing does."""
        below: JSON = None
        if self.is_mapping:
            below = self.value.get(key)
        elif self.is_list and isinstance(key, int) and key < len(self.value):
            below = self.value[key]
        return evolve(self, path=(*self.path, key), value=below)

    def children(self) -> Iterator[At]:
        """What a list or a mapping holds; nothing, and no complaint, if this is neither."""
        if self.is_mapping:
            yield from (self.child(key) for key in self.value)
        elif self.is_list:
            yield from (self.child(index) for index in range(len(self.value)))

    @property
    def is_mapping(self) -> bool:
        """Whether the value is a mapping."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return isinstance(self.value, list)

    @property
    def sound(self) -> bool:
        """Nothing was complained of so far, here or below."""
        return not any(path[: len(self.path)] == self.path for path in self.document.said)

    def complain(self, message: str, remedy: str = "", *, key: bool = False, index: int | None = None) -> None:
        """Something is wrong here: with the value, with its character `index`, or (`key`) with the field itself.

        The first complaint counts.
        """
        if self.path in self.document.said:
            return
        self.document.said.add(self.path)
        inside = index is not None and not self.report.full
        mark = self.document.within(self.path, index or 0) if inside else self.document.mark(self.path, key=key)
        self.report.add(self.document.source, self.path, mark, message, remedy)

    def warn(self, message: str, remedy: str = "", *, key: bool = False) -> None:
        """Something is odd here, and harmless."""
        mark = self.document.mark(self.path, key=key)
        self.report.warn(self.document.source, self.path, mark, message, remedy)

    def wrong(self, expected: str, remedy: str = "") -> NoReturn:
        """The value is not of the kind it should be."""
        if self.value is None:
            self.complain(f"missing: {expected} is needed here", remedy, key=True)
        else:
            self.complain(f"expected {expected}, found {_found(self.value)}", remedy)
        raise Unreadable


Reader = Callable[[At], Any]


def fields(
    at: At,
    readers: Mapping[str, Reader],
    later: Mapping[str, str] | None = None,
    elsewhere: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The fields of a mapping that are there and readable, each through its reader. A null is as good as absent.

    `later`: what this version does not honour yet, and what would be lost. `elsewhere`: where a field that does not
    belong here would. Raises `Unreadable` when this is no mapping.
    """
    found: dict[str, Any] = {}
    for key in mapping(at):
        here = at.child(key)
        if key in readers:
            if here.value is not None:
                with suppress(Unreadable):
                    found[key] = readers[key](here)
        elif later and key in later:
            if here.value is not None:
                not_yet(here, later[key])
        elif not at.report.full:
            unknown(here, readers, elsewhere or {}, siblings=at.value)
    return found


def items(at: At, reader: Callable[[At], T]) -> tuple[T, ...]:
    """The readable items of a list. Raises `Unreadable` when this is no list."""
    if not at.is_list:
        at.wrong("a list", "write it as a list: [one, another]" if isinstance(at.value, str) else "")
    found: list[T] = []
    for here in at.children():
        with suppress(Unreadable):
            found.append(reader(here))
    return tuple(found)


def unknown(at: At, known: Mapping[str, object], elsewhere: Mapping[str, str], siblings: Container[str]) -> None:
    """Complains of a field that has no place here. `siblings`: the fields beside it."""
    key = str(at.path[-1])
    near = nearest(key, known)
    if key in elsewhere:
        remedy = f"it belongs in {elsewhere[key]}"
    elif near:
        remedy = f"did you mean {near}?"
    else:
        far = nearest(key, elsewhere)
        remedy = f"did you mean {far}? It belongs in {elsewhere[far]}" if far else "remove it"
    at.complain("unknown field", remedy, key=True)
    if near and near not in siblings:
        at.document.said.add((*at.path[:-1], near))  # that it is missing goes without saying


def not_yet(at: At, lost: str) -> None:
    """Complains of a field that exists, and that this version would have to ignore."""
    at.complain(f"not honoured yet by this version: {lost}", "remove it", key=True)


def nearest(word: str, known: Mapping[str, object]) -> str:
    """The known word that a person most likely meant, or empty."""
    if len(word) > 64:
        return ""
    lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), lower, n=1, cutoff=0.75)
    return lower[near[0]] if near else ""


def did_you_mean(word: str, known: Mapping[str, object], otherwise: str = "") -> str:
    """A remedy: the nearest known word, or what to do when there is none."""
    near = nearest(word, known)
    return f"did you mean {near}?" if near else otherwise


def passed_on(names: str) -> dict[str, Reader]:
    """Readers for fields, named in one text, whose values are taken as they are."""
    return dict.fromkeys(names.split(), anything)


def anything(at: At) -> JSON:
    """The value as it is."""
    return at.value


def mapping(at: At) -> dict[str, JSON]:
    """A mapping."""
    if not at.is_mapping:
        at.wrong("a mapping")
    value: dict[str, JSON] = at.value
    return value


def text(at: At) -> str:
    """A text that is not empty."""
    if isinstance(at.value, str) and at.value:
        return at.value
    if isinstance(at.value, bool | int | float):
        at.wrong("a text", f'write "{repr_json(at.value)}" in quotes')
    at.wrong("a text")


def texts(at: At) -> tuple[str, ...]:
    """A list of texts."""
    return items(at, text)


def string_map(at: At) -> dict[str, str]:
    """A mapping of texts, such as labels."""
    found: dict[str, str] = {}
    for key in mapping(at):
        here = at.child(key)
        with suppress(Unreadable):
            found[key] = "" if here.value == "" else text(here)
    return found


def name(at: At) -> str:
    """A name that Kubernetes takes (and that is safe as a file's)."""
    value = text(at)
    if len(value) > 253 or not _NAME.fullmatch(value):
        plain = re.sub("[^a-z0-9.-]+", "-", value.lower())[:60].strip("-.")
        remedy = "use lower-case letters, digits, - and . only, with a letter or digit at both ends"
        at.wrong("a name", f"write {plain}" if _NAME.fullmatch(plain) else remedy)
    return value


def boolean(at: At) -> bool:
    """True or false."""
    if isinstance(at.value, bool):
        return at.value
    asked = str(at.value).lower()
    at.wrong("true or false", f"write {asked}, without quotes" if asked in ("true", "false") else "")


def choice(words: type[E]) -> Callable[[At], E]:
    """A reader for one of the words of an enumeration."""

    def read(at: At) -> E:
        known = {str(one): one for one in words}
        if not isinstance(at.value, str) or at.value not in known:
            at.wrong(" or ".join(known), did_you_mean(str(at.value), known))
        return known[at.value]

    return read


def integer(at: At) -> int:
    """A whole number of 32 bits."""
    value = at.value
    if isinstance(value, bool) or not isinstance(value, int):
        at.wrong("a whole number", _unquoted(value))
    if abs(value) > _INT32_MAX:
        at.complain(f"{value} is too large", f"the most is {_INT32_MAX}")
        raise Unreadable
    return value


def seconds(at: At) -> int:
    """A whole number of seconds."""
    return integer(_unit_free(at))


def fraction_s(at: At) -> float:
    """A number of seconds, which need not be whole."""
    at = _unit_free(at)
    if isinstance(at.value, bool) or not isinstance(at.value, int | float):
        at.wrong("a number of seconds", _unquoted(at.value))
    if abs(at.value) > _INT32_MAX:
        at.complain(f"{at.value} is too large", f"the most is {_INT32_MAX}")
        raise Unreadable
    return at.value


def _unit_free(at: At) -> At:
    """Refuses a duration where a plain number of seconds is wanted, and says which number it is."""
    if isinstance(at.value, str):
        try:
            plain = duration_s(at.value)
        except UnitError:
            return at
        at.wrong("a number of seconds", f"write {plain:g}")
    return at


def _unquoted(value: JSON) -> str:
    plain = isinstance(value, str) and re.fullmatch("-?[0-9]{1,9}", value)
    return f"write {value}, without quotes" if plain else ""


def _found(value: JSON) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value == "":
        return "an empty text"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 60 else f'the text "{value[:60]}…"'
    return repr_json(value) if isinstance(value, bool) else f"the number {value}"
