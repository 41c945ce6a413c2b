"""The lines that scripts are made of, each with what it does. `FORMS` is the whole language."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Final

from attrs import frozen

from bluegreen.spec import Rollout
from bluegreen.testing.scripts import engines, outside, people
from bluegreen.testing.scripts.declaring import names_of, unknown
from bluegreen.testing.scripts.player import Player
from bluegreen.testing.scripts.reading import Script, ScriptError, Step

Do = Callable[..., Awaitable[None]]

_NAME = r"[\w./-]+"
_PLACES: Final[Mapping[str, str]] = {
    "duration": r"\d+(?:\.\d+)?(?:ms|s|m|h|d)",
    "count": r"\d+",
    "engine": r"[A-Z]",
    "who": r"[A-Z]",
    "rest": r".+",
}
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@frozen
class Form:
    """One kind of line. What stands in braces in `usage` is given to `do` under that name."""

    usage: str
    do: Do

    def match(self, words: str) -> dict[str, str] | None:
        """The parts of the line, if it has this form."""
        found = re.fullmatch(_pattern(self.usage), words)
        return found.groupdict() if found else None


def _pattern(usage: str) -> str:
    parts = re.split(r"\{(\w+)\}", usage)
    literal = [re.escape(part).replace(r"\ ", " ") for part in parts[::2]]
    named = [f"(?P<{part}>{_PLACES.get(part, _NAME)})" for part in parts[1::2]]
    return "".join(piece for pair in zip(literal, [*named, ""], strict=True) for piece in pair)


FORMS: Final = (
    Form("tick {duration}", people.tick),
    Form("check", people.check),
    # People.
    Form("apply {build}", people.apply),
    Form("promote", people.promote),
    Form("promote --full", people.promote_full),
    Form("promote {build}", people.promote),
    Form("abort", people.abort),
    Form("retry", people.retry),
    Form("undo", people.undo),
    Form("undo to {build}", people.undo),
    Form("pause", people.pause),
    Form("resume", people.resume),
    Form("approve {gate}", people.approve),
    Form("scale {count}", people.scale),
    Form("set {rest}", people.declare),
    # Metrics and hooks.
    Form("metric {metric} no data", partial(outside.silence, what="no data")),
    Form("metric {metric} NaN", partial(outside.silence, what="NaN")),
    Form("metric {metric} Inf", partial(outside.silence, what="Inf")),
    Form("metric {metric} fails", partial(outside.silence, what="error")),
    Form("metric {metric}={rest}", outside.metric),
    Form("hook {hook} fails", partial(outside.hook, becomes="fails")),
    Form("hook {hook} never ends", partial(outside.hook, becomes="never ends")),
    Form("hook {hook} succeeds", partial(outside.hook, becomes="succeeds")),
    # Pods.
    Form("pods of {build} fail", outside.pods_fail),
    Form("pods of {build} fail for {duration}", outside.pods_fail),
    Form("pods of {build} fail {count}", outside.pods_fail),
    Form("pods of {build} fail {count} for {duration}", outside.pods_fail),
    Form("pods of {build} never get ready", outside.never_ready),
    Form("pods of {build} die after {duration}", outside.pods_die),
    Form("pods of {build} become ready", outside.pods_ready),
    Form("pods of {build} become ready {count}", outside.pods_ready),
    Form("{build} takes {duration} to start", outside.start_up),
    # Layers, and what cannot be reached.
    Form("hide {part}", outside.hide),
    Form("show {part}", outside.show),
    Form("refuse {call} {about}", outside.refuse),
    Form("refuse {call} {about} {count} times", outside.refuse),
    Form("refuse save", partial(outside.refuse, call="save", about="")),
    Form("refuse save {count} times", partial(outside.refuse, call="save", about="")),
    Form("{layer} takes {duration} to follow", outside.slow),
    Form("{layer} never follows", outside.never_follows),
    Form("{layer} follows", outside.follows),
    Form("requests on {layer} take {duration}", outside.in_flight),
    Form("{layer} has no probe", outside.unprobed),
    Form("{layer} needs no preparing", outside.unprepared),
    # Somebody else.
    Form("somebody points {layer} at a stranger", partial(outside.point, at="a stranger")),
    Form("somebody points {layer} at {at}", outside.point),
    Form("somebody points the preview of {layer} at {at}", outside.point_preview),
    Form("somebody scales {build} to {count}", outside.scale),
    Form("somebody deletes the record", outside.forget_everything),
    Form("somebody deletes {build}", outside.delete),
    # Engines that drive by themselves.
    Form("crash", engines.crash),
    Form("crash {when} {call}", engines.crash_at),
    Form("crash {when} {call} {about}", engines.crash_at),
    Form("restart", engines.restart),
    Form("clock jumps {duration}", engines.clock_jumps),
    Form("clock jumps back {duration}", engines.clock_jumps_back),
    Form("second engine", engines.second),
    Form("lose the reply of {call} {about}", engines.lose),
    Form("as a cache shows it", engines.cached),
    Form("as a cache shows it for {count} looks", engines.cached),
    Form("{who} stalls before {call}", engines.stall),
    Form("{who} stalls before {call} for {duration}", engines.stall),
    Form("{who} stalls before {call} {about}", engines.stall),
    Form("{who} stalls before {call} {about} for {duration}", engines.stall),
    Form("{who} goes on", engines.go_on),
    Form("{who} cannot reach {part}", engines.cut),
    Form("{who} reaches {part} again", engines.join),
    Form("{who} dies", engines.dies),
    Form("{who} stops", engines.stops),
    # Engines that are stepped.
    Form("engine {who}", engines.stepped),
    Form("{who} looks", engines.looks),
    Form("{who} looks at {rest}", engines.looks),
    Form("{who} saves", engines.saves),
    Form("{who} does everything", engines.does),
    Form("{who} does {rest}", engines.does),
    Form("calm", people.calm),
)


@frozen
class Command:
    """A step that was understood."""

    step: Step
    do: Callable[[Player], Awaitable[None]]


def understood(script: Script, rollout: Rollout) -> list[Command]:
    """Every step of the script, as something to do. Raises `ScriptError` for the first that is not understood."""
    return [Command(step, _command(script, step, rollout)) for step in script.steps]


def is_stepped(script: Script) -> bool:
    """The script has engines that do nothing by themselves."""
    return any(re.fullmatch(r"engine [A-Z]", step.words) for step in script.steps)


def _command(script: Script, step: Step, rollout: Rollout) -> Callable[[Player], Awaitable[None]]:
    for form in FORMS:
        found = form.match(step.words)
        if found is None:
            continue
        for kind, known in names_of(rollout).items():
            if kind in found and found[kind] not in known:
                raise ScriptError(script.path, step.line, f"{step.words!r}: {unknown(kind, found[kind], known)}")
        values = {name: _value(name, text) for name, text in found.items()}
        return partial(_done, form.do, values)
    raise ScriptError(script.path, step.line, f"{step.words!r} is no command; {_hint(step.words)}")


async def _done(do: Do, values: Mapping[str, object], player: Player) -> None:
    await do(player, **values)


def _value(name: str, text: str) -> object:
    if name == "duration":
        number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]
        return float(number) * _SECONDS[unit]
    return int(text) if name == "count" else text


def _hint(words: str) -> str:
    usages = [form.usage for form in FORMS]
    first = [one for one in usages if one.split()[0] == words.split()[0]] if words.split() else []
    near = get_close_matches(words, first or usages, 3, 0.3) or first[:3]
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {'; '.join(usages)}"
