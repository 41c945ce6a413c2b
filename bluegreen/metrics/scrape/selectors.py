"""`http_requests_total{code=~"5..", path!="/"}`: which samples of an exposition are meant."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_MATCHER = r"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*\"((?:[^\"\\\n]|\\.)*)\"\s*"
_SELECTOR = re.compile(rf"\s*({_NAME})\s*(?:\{{((?:{_MATCHER}(?:,{_MATCHER})*,?\s*)?)\}})?\s*")
_ESCAPE = re.compile(r"\\(.)")
LENGTH_MAX = 1000


@frozen
class Matcher:
    """One label's condition. `operator` is one of = != =~ !~; a label that is not there is an empty text."""

    label: str
    operator: str
    value: str
    pattern: re.Pattern[str] | None = None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it; a pattern has to fit the whole value."""
        found = labels.get(self.label, "")
        same = bool(self.pattern.fullmatch(found)) if self.pattern else found == self.value
        return same is not self.operator.startswith("!")


@frozen
class Selector:
    """A name, and what its labels have to be."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def matches(self, names: tuple[str, ...], labels: Mapping[str, str]) -> bool:
        """Whether a sample that goes by one of these names is meant."""
        return self.name in names and all(one.matches(labels) for one in self.matchers)


def selector(text: str) -> Selector:
    """The selector that a text is. Raises `ValueError`, in words."""
    found = _SELECTOR.fullmatch(text) if len(text) <= LENGTH_MAX else None
    if found is None:
        raise ValueError("it is no metric with labels")
    return Selector(found[1], tuple(_matcher(*one) for one in re.findall(_MATCHER, found[2] or "")))


def _matcher(label: str, operator: str, quoted: str) -> Matcher:
    value = _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], quoted)
    if not operator.endswith("~"):
        return Matcher(label, operator, value)
    try:
        return Matcher(label, operator, value, re.compile(value))
    except re.error as error:
        raise ValueError(f"the pattern of {label} is no regular expression") from error
