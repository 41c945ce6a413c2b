"""`{{args.NAME}}` and `{{revision}}` in texts: found strictly, filled in one place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import frozen

from bluegreen.errors import BluegreenError
from bluegreen.spec import JSON

_NAME = re.compile(r"revision|args\.[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


class PlaceholderError(BluegreenError, ValueError):
    """A text has `{{` with no placeholder behind it. `index` is where, in characters from 0."""

    def __init__(self, message: str, index: int) -> None:
        self.index = index
        super().__init__(message)


@frozen
class Placeholder:
    """One placeholder of a text: `args.NAME` or `revision`, and where it begins and ends."""

    name: str
    begin: int
    end: int


def placeholders(text: str) -> Iterator[Placeholder]:
    """The placeholders of a text, in their order. Raises `PlaceholderError` at the first `{{` that begins none."""
    at = 0
    while (begin := text.find("{{", at)) >= 0:
        end = text.find("}}", begin + 2)
        if end < 0:
            raise PlaceholderError("{{ begins a placeholder, and nothing ends it", begin)
        name = text[begin + 2 : end].strip()
        if not _NAME.fullmatch(name):
            shown = name if len(name) <= 40 else f"{name[:40]}…"
            raise PlaceholderError(
                f"{{{{{shown}}}}} is no placeholder: {{{{args.NAME}}}} and {{{{revision}}}} are", begin
            )
        yield Placeholder(name, begin, end + 2)
        at = end + 2


def filled(value: JSON, known: Mapping[str, str]) -> JSON:
    """The value with the placeholders of these names (`args.NAME`, `revision`) filled in; others are left as they are.

    What is filled in is never looked at again, so an argument cannot bring placeholders of its own. Text that is no
    placeholder stays as it is.
    """
    if isinstance(value, str):
        return _filled_text(value, known)
    if isinstance(value, list | tuple):
        return [filled(one, known) for one in value]
    if isinstance(value, Mapping):
        return {key: filled(one, known) for key, one in value.items()}
    return value


def unfilled(value: JSON) -> str:
    """The first placeholder of a value that nothing was filled in for, by its name; empty if there is none."""
    if isinstance(value, str):
        try:
            return next((one.name for one in placeholders(value)), "")
        except PlaceholderError:
            return ""  # what a secret brought along is no placeholder
    if isinstance(value, Mapping):
        value = list(value.values())
    return next((name for one in value if (name := unfilled(one))), "") if isinstance(value, list | tuple) else ""


def _filled_text(text: str, known: Mapping[str, str]) -> str:
    if "{{" not in text:
        return text
    parts, at = list[str](), 0
    try:
        for one in placeholders(text):
            if one.name in known:
                parts += [text[at : one.begin], known[one.name]]
                at = one.end
    except PlaceholderError:
        pass  # it was checked when the manifest was loaded
    return "".join((*parts, text[at:]))
