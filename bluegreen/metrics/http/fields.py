"""The fields of a query: what is wrong with them, said when a manifest is loaded and once more before they are used.

No message shows a value: by the time a query is used, its values may be secrets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import TypeAlias

from attrs import evolve
from yarl import URL

from bluegreen.errors import PermanentBackendError, Problem
from bluegreen.spec import JSON

Check: TypeAlias = Callable[[JSON], Iterable[Problem]]
"""What is wrong with a field's value; paths begin inside it."""


def wrong(message: str, remedy: str = "", *path: str | int) -> list[Problem]:
    """One problem, at `path` inside the field."""
    return [Problem(path, message, remedy)]


def filled_in_later(value: JSON) -> bool:
    """A text with placeholders: what it will be is not known yet."""
    return isinstance(value, str) and "{{" in value


def text(value: JSON) -> list[Problem]:
    """A text that is not empty, and that can be sent."""
    if not isinstance(value, str) or not value.strip():
        return wrong("a text is needed")
    try:
        value.encode()
    except UnicodeEncodeError:
        return wrong("a text is needed, and this has half a character")
    return []


def flag(value: JSON) -> list[Problem]:
    """True or false."""
    return [] if isinstance(value, bool) else wrong("true or false is needed")


def mapping(value: JSON) -> list[Problem]:
    """A mapping, or a list: whatever JSON has inside it."""
    return [] if isinstance(value, Mapping | list) else wrong("a mapping or a list is needed")


def seconds(value: JSON) -> list[Problem]:
    """A number of seconds above 0; it may be written as a text."""
    if filled_in_later(value) or seconds_of(value, -1) > 0:
        return []
    return wrong("a number of seconds above 0 is needed", "write 30, for instance")


def seconds_of(value: JSON, default: float) -> float:
    """The seconds that a field says; `default` for none, and -1 for what is no such number."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return -1
    try:
        found = float(value)
    except ValueError:
        return -1
    return found if math.isfinite(found) else -1


def one_of(*words: str) -> Check:
    """One of these words."""

    def check(value: JSON) -> list[Problem]:
        fits = filled_in_later(value) or value in words
        return [] if fits else wrong(f"one of {', '.join(words)} is needed")

    return check


def address(value: JSON) -> list[Problem]:
    """A URL with http or https and a host."""
    if filled_in_later(value):
        return []
    remedy = "write http://prometheus.example.com:9090, for instance"
    if not isinstance(value, str):
        return wrong("a URL is needed", remedy)
    try:
        url = URL(value.strip())
        fits = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError:
        fits = False
    return [] if fits else wrong("that is no URL that can be asked", remedy)


def refuse(message: str, remedy: str) -> Check:
    """A field that Argo knows, and that is not supported here."""
    return lambda _value: wrong(message, remedy)


def below(known: Mapping[str, Check], required: Collection[str] = ()) -> Check:
    """A mapping with fields of its own."""

    def check(value: JSON) -> list[Problem]:
        if not isinstance(value, Mapping):
            return wrong("a mapping is needed", f"its fields are {', '.join(known)}")
        return problems_of(value, known, required)

    return check


def problems_of(query: Mapping[str, JSON], known: Mapping[str, Check], required: Collection[str]) -> list[Problem]:
    """All that is wrong with a query: unknown fields, missing ones, and values that do not fit."""
    found = list[Problem]()
    for name, value in query.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            found.append(Problem((name,), "unknown field", remedy))
        elif value is not None:
            found += [evolve(one, path=(name, *one.path)) for one in known[name](value)]
    missing = [name for name in required if query.get(name) is None]
    return found + [Problem((name,), "it is missing", "write it") for name in missing]


def refused(provider: str, problems: Iterable[Problem]) -> None:
    """Raises `PermanentBackendError` for the first of the problems, if there is one."""
    for one in problems:
        place = ".".join(str(part) for part in one.path)
        message = f"the {provider} query cannot be used: {place}: {one.message}"
        raise PermanentBackendError(message, remedy=one.remedy or "correct the metric")
