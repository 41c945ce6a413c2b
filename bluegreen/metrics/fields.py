"""The fields of a query, read one by one, with all that is wrong with them in words.

A message never shows a value: once placeholders are filled in, it may be a secret.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from yarl import URL

from bluegreen.errors import PermanentBackendError, Problem
from bluegreen.manifests.units import UnitError, duration_s
from bluegreen.spec import JSON

T = TypeVar("T")


class Fields:
    """One mapping of a query. Each method reads one field, and notes what is wrong with it; then it gives the default.
    A null is as good as absent, as in the whole manifest.

    `filled`: the placeholders have been filled in, and one that is left is wrong. Else a text with a placeholder is
    taken on trust, since what it will be is not known. `problems`: those of this mapping and of what was read inside.
    """

    def __init__(
        self,
        values: Mapping[str, JSON],
        *,
        filled: bool,
        path: tuple[str | int, ...] = (),
        problems: list[Problem] | None = None,
    ) -> None:
        self._values = values
        self._filled = filled
        self._path = path
        self._read: set[str] = set()
        self.problems: list[Problem] = [] if problems is None else problems

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def wrong(self, message: str, remedy: str = "", *path: str | int) -> None:
        """Notes a problem at a place inside."""
        self.problems.append(Problem((*self._path, *path), message, remedy))

    def open(self, *keys: str) -> bool:
        """Whether one of these fields is left to a placeholder: what it has to do with others is not known."""
        return not self._filled and any(_has_placeholder(self._values.get(key)) for key in keys)

    def text(self, key: str, default: str = "", *, wanted: bool = False) -> str:
        """A text that can be shown on one line; `wanted`: it may be neither left out nor empty."""
        value = self._get(key, wanted)
        if value is None or self._open(value, key):
            return default
        if not isinstance(value, str) or not value.isprintable() or (wanted and not value):
            self.wrong("a text is needed, on one line", "", key)
            return default
        return value

    def words(self, key: str, *, wanted: bool = False) -> str:
        """A text as it stands, on one line or several, with whatever is in it; never an empty one."""
        value = self._get(key, wanted)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.wrong("a text is needed", "", key)
            return ""
        if not _encodes(value):
            self.wrong("a text is needed, and this has half a character", "", key)
            return ""
        return value

    def address(self, key: str) -> URL:
        """A URL with http or https and a host; it may not be left out."""
        value = self._get(key, wanted=True)
        if value is None or self.open(key):
            return URL()
        try:
            url = URL(value.strip()) if isinstance(value, str) else URL()
            if url.scheme in ("http", "https") and url.host and url.port is not None:
                return url
        except ValueError:
            pass
        self.wrong("that is no URL that can be asked", "write http://prometheus.example.com:9090, for instance", key)
        return URL()

    def flag(self, key: str) -> bool:
        """True or false; false when it is left out."""
        value = self._get(key)
        if value is not None and not isinstance(value, bool):
            self.wrong("true or false is needed", "", key)
        return value is True

    def choice(self, key: str, default: str, known: Collection[str]) -> str:
        """One of these words, in capitals or not."""
        value = self.text(key, default).upper()
        if value not in known:
            self.wrong(f"one of {', '.join(known)} is needed", "", key)
            return default
        return value

    def number(self, key: str, default: float, *, least: float, most: float) -> float:
        """A number in these bounds; it may be written as a text, as arguments are."""
        value = self._get(key)
        if value is None or self._open(value, key):
            return default
        number = _number(value)
        if not least <= number <= most:
            self.wrong(f"a number from {least:g} to {most:g} is needed", "", key)
            return default
        return number

    def whole(self, key: str, default: int, *, least: int, most: int) -> int:
        """A whole number in these bounds."""
        number = self.number(key, default, least=least, most=most)
        if number != int(number):
            self.wrong("a whole number is needed", "", key)
            return default
        return int(number)

    def limit_s(self, key: str, default: float) -> float:
        """A number of seconds, without a unit, as Argo writes how long a server may take."""
        value = self._get(key)
        if value is None or self._open(value, key):
            return default
        number = _number(value)
        if not 0 < number < math.inf:
            self.wrong("a number of seconds above 0 is needed", "write 30, for instance", key)
            return default
        return number

    def seconds(self, key: str, default: float, *, most: float, least: float = 0.001) -> float:
        """A length of time such as `10s` or `500ms`, or a number of seconds; in seconds."""
        value = self._get(key)
        if value is None or self._open(value, key):
            return default
        try:
            bare = isinstance(value, int | float) and not isinstance(value, bool)
            seconds = duration_s(f"{value}s" if bare or _is_bare(value) else str(value))
        except UnitError:
            self.wrong("a length of time is needed", "write it like 10s or 500ms", key)
            return default
        if not least <= seconds <= most:
            self.wrong(f"a time from {least:g} s to {most:g} s is needed", "", key)
            return default
        return seconds

    def texts(self, key: str, *, wanted: bool = False) -> tuple[str, ...]:
        """A list of texts, of any kind but with no NUL in them; `wanted`: at least one."""
        value = self._get(key, wanted)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(_is_plain(one) for one in value) or (wanted and not value):
            self.wrong("a list of texts is needed", "", key)
            return ()
        return tuple(value) if not any(self._open(one, key) for one in value) else ()

    def pairs(self, key: str) -> dict[str, str]:
        """A mapping of texts to texts: headers, variables. Numbers become texts."""
        value = self._get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong("a mapping of names to texts is needed", "", key)
            return {}
        found: dict[str, str] = {}
        for name, one in value.items():
            plain: JSON = str(one) if isinstance(one, int | float) and not isinstance(one, bool) else one
            if not _is_plain(name) or not name or not _is_plain(plain):
                self.wrong("a name and a text are needed", "", key, str(name)[:40])
            elif not self._open(plain, key, name):
                found[name] = plain
        return found

    def inside(self, key: str) -> Fields | None:
        """The fields of a mapping; None when there is none."""
        value = self._get(key)
        return None if value is None else self._inside(value, key)

    def each(self, key: str, *, most: int) -> list[Fields]:
        """The fields of each mapping in a list."""
        value = self._get(key)
        if value is None:
            return []
        if not isinstance(value, list | tuple) or not 0 < len(value) <= most:
            self.wrong(f"a list of 1 to {most} mappings is needed", "", key)
            return []
        return [one for index, item in enumerate(value) if (one := self._inside(item, key, index)) is not None]

    def named(self, key: str, *, most: int) -> dict[str, Fields]:
        """The fields of each mapping in a mapping, by its name there."""
        value = self._get(key)
        if not isinstance(value, Mapping) or not 0 < len(value) <= most or not all(_is_plain(name) for name in value):
            self.wrong(f"a mapping of 1 to {most} names is needed", "", key)
            return {}
        found = ((name, self._inside(item, key, name)) for name, item in value.items())
        return {name: one for name, one in found if one is not None}

    def json(self, key: str, *, wanted: bool = False) -> JSON:
        """Whatever stands there."""
        return self._get(key, wanted)

    def unsupported(self, key: str, message: str, remedy: str) -> None:
        """A field that Argo knows, and that is an error here."""
        if self._get(key) is not None:
            self.wrong(message, remedy, key)

    def no_others(self) -> None:
        """Notes each field that nothing has read."""
        for key in self._values:
            if key not in self._read:
                near = get_close_matches(str(key), self._read, n=1)
                remedy = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(self._read))}"
                self.wrong("unknown field", remedy, str(key)[:40])

    def _get(self, key: str, wanted: bool = False) -> JSON:
        self._read.add(key)
        value = self._values.get(key)
        if value is None and wanted:
            self.wrong("it is missing", f"write {key}: ...", key)
        return value

    def _inside(self, value: JSON, *path: str | int) -> Fields | None:
        if not isinstance(value, Mapping):
            self.wrong("a mapping is needed", "", *path)
            return None
        return Fields(value, filled=self._filled, path=(*self._path, *path), problems=self.problems)

    def _open(self, value: JSON, *path: str | int) -> bool:
        """It has a placeholder, and is taken on trust; what should have been filled in by now is wrong."""
        if not _has_placeholder(value):
            return False
        if self._filled:
            self.wrong("a placeholder in it was not filled in", "is there an argument of this name?", *path)
        return True


def problems_of(query: Mapping[str, JSON], read: Callable[[Fields], object]) -> list[Problem]:
    """What `read` finds wrong with a query whose placeholders are not filled in yet."""
    fields = Fields(query, filled=False)
    read(fields)
    return fields.problems


def usable(what: str, query: Mapping[str, JSON], read: Callable[[Fields], T]) -> T:
    """What `read` makes of a query of `what` that is about to be used. Raises as `refuse` does."""
    fields = Fields(query, filled=True)
    found = read(fields)
    refuse(what, fields.problems)
    return found


def refuse(what: str, problems: Iterable[Problem]) -> None:
    """Raises `PermanentBackendError` when there are any problems with the query of `what`."""
    if words := "; ".join(str(one) for one in problems):
        raise PermanentBackendError(f"this query of {what} cannot be measured: {words}", remedy="correct the template")


def _has_placeholder(value: JSON) -> bool:
    return isinstance(value, str) and "{{" in value


def _number(value: JSON) -> float:
    """A number, which may be written as a text; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _is_bare(value: JSON) -> bool:
    """A text with a number in it and no unit, as an argument may be."""
    return isinstance(value, str) and value.isascii() and value.replace(".", "", 1).isdigit()


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and "\x00" not in value and _encodes(value)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
