"""Arguments into a metric: every placeholder of every text, each value once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define, evolve, field, frozen

from bluegreen.manifests.analysis.args import Arguments
from bluegreen.manifests.fields import At, Unreadable, did_you_mean
from bluegreen.manifests.report import Path, shortened
from bluegreen.placeholders import PlaceholderError, placeholders
from bluegreen.spec import JSON

_WRITE = "write {{args.NAME}}, with the name of an argument"


@frozen
class Text:
    """A text with arguments filled in, and where its parts come from: (place in it, in the original, filled in?)."""

    text: str
    parts: tuple[tuple[int, int, bool], ...]

    def origin(self, index: int) -> int:
        """The place in the original of the character with this index; a placeholder's own if it was filled in."""
        begin, original, foreign = max(part for part in self.parts if part[0] <= max(index, 0))
        return original if foreign else original + index - begin


@define(eq=False)
class Filling:
    """Fills one metric. `texts` are those that were changed, by their paths; `used` is what is needed later on."""

    arguments: Arguments
    texts: dict[Path, Text] = field(factory=dict[Path, Text])
    used: set[str] = field(factory=set[str])

    def metric(self, at: At) -> At:
        """The metric, filled in; a placeholder that stands for nothing is a problem, and left as it is."""
        return evolve(at, value={key: self._of(at.child(key), later=key == "provider") for key in at.value})

    def _of(self, at: At, *, later: bool) -> JSON:
        if isinstance(at.value, str):
            return self._text(at, at.value, later=later) if "{{" in at.value else at.value
        if at.is_mapping:
            for key in at.value:
                if "{{" in key:
                    at.child(key).complain("the name of a field cannot hold a placeholder", "write it out", key=True)
            return {key: self._of(at.child(key), later=later) for key in at.value}
        return [self._of(one, later=later) for one in at.children()] if at.is_list else at.value

    def _text(self, at: At, original: str, *, later: bool) -> str:
        parts, shown, end, left = [(0, 0, False)], "", 0, list[str]()
        try:
            for one in placeholders(original):
                value = self._value(at, one.name, one.begin, later=later)
                if value is None:
                    left.append(one.name)
                    continue
                shown += original[end : one.begin]
                parts += [(len(shown), one.begin, True), (len(shown) + len(value), one.end, False)]
                shown, end = shown + value, one.end
        except PlaceholderError as error:
            at.complain(str(error), _WRITE, index=error.index)
            return original
        except Unreadable:
            return original
        text = Text(shown + original[end:], tuple(parts))
        self.texts[at.path] = text
        if later and _left(text.text) != left:
            at.complain("an argument's value makes a placeholder of this text", "a value cannot hold {{ here")
        return text.text

    def _value(self, at: At, name: str, index: int, *, later: bool) -> str | None:
        """What a placeholder stands for; None when it is to be left. Raises `Unreadable` after complaining."""
        argument = name.removeprefix("args.")
        known = self.arguments
        if at.report.full:
            raise Unreadable
        if name == "revision":
            if later and known.revision:
                return None
            remedy = "remove it" if known.revision else "give the revision's name as an argument"
            message = "{{revision}} stands for what is measured: it can stand in provider only"
            at.complain(message if known.revision else "there are no revisions here", remedy, index=index)
        elif argument in known.values:
            return known.values[argument]
        elif argument not in known.later:
            names = dict.fromkeys((*known.values, *known.later))
            remedy = did_you_mean(argument, names, "declare it in args")
            at.complain(f'there is no argument "{shortened(argument)}"', remedy, index=index)
        elif later:
            self.used.add(argument)
            return None
        else:
            message = f"{{{{{shortened(name)}}}}} is known only when it is measured: it can stand in provider only"
            at.complain(message, "write the value itself, or give the argument a value", index=index)
        raise Unreadable


def _left(text: str) -> list[str] | None:
    """The placeholders of a text; None if it has something that is none."""
    try:
        return [one.name for one in placeholders(text)]
    except PlaceholderError:
        return None


def asked_for(value: JSON) -> Iterator[str]:
    """The names of the arguments that a value has placeholders for, as far as they can be read."""
    if isinstance(value, str) and "{{" in value:
        yield from (one.removeprefix("args.") for one in _left(value) or () if one != "revision")
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from asked_for(one)
    elif isinstance(value, list):
        for one in value:
            yield from asked_for(one)
