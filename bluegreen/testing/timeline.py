"""A trace as a time line for people: who had the traffic, with how many replicas, in which phase, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from attrs import evolve, frozen

from bluegreen.snapshot import Everything, Foreign, Shown
from bluegreen.spec import RevisionId
from bluegreen.testing.trace import Moment, Trace

_STAGE = ("the release", "the faults", "the simulation")
"""What these do is no part of the story."""


@frozen
class Row:
    """One change. `who` did something, in words, when `why` is about that; else it is empty, and `why` the phase's.

    `live` says by layer what live traffic reached, `replicas` by revision how many were available and asked for.
    """

    at: timedelta
    who: str
    phase: str
    live: Mapping[str, str]
    replicas: Mapping[str, tuple[int, int]]
    why: str

    def data(self) -> dict[str, Any]:
        """The row as JSON, its moment in seconds."""
        counts = {name: {"available": there, "replicas": asked} for name, (there, asked) in self.replicas.items()}
        return {
            "at": self.at.total_seconds(),
            "who": self.who,
            "phase": self.phase,
            "live": dict(self.live),
            "replicas": counts,
            "why": self.why,
        }


def rows(trace: Trace) -> Iterator[Row]:
    """What changed, from the first release on: the truth, and what somebody did that was no engine's decision."""
    last: Row | None = None
    for moment in trace.moments[trace.released :]:
        told, state = _row(trace, moment), _row(trace, moment, noted=False)
        if told.who or last is None or evolve(state, at=last.at) != last:
            yield told
        last = state


def lines(trace: Trace) -> Iterator[str]:
    """The rows as text in columns, below a line that names them."""
    found = list(rows(trace))
    cells = [("time", "phase", "live traffic", "available", "why")]
    cells += [(clock(one.at), one.phase, _live(one), _counts(one), _why(one)) for one in found]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    for row in cells:
        padded = [row[0].rjust(widths[0]), *(row[n].ljust(widths[n]) for n in range(1, 4)), row[4]]
        yield "  ".join(padded).rstrip()


def clock(at: timedelta) -> str:
    """`0:05`, `12:30.5`, `1:00:00`."""
    tenths = round(at.total_seconds() * 10)
    minutes, left = divmod(abs(tenths), 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{left // 10:02}" + (f".{left % 10}" if left % 10 else "")
    sign = "-" if tenths < 0 else ""
    return f"{sign}{hours}:{minutes:02}:{seconds}" if hours else f"{sign}{minutes}:{seconds}"


def named(text: str, names: Mapping[RevisionId, str]) -> str:
    """The text with the names that people have for revisions."""
    for revision, name in names.items():
        text = text.replace(revision, name)
    return text


def _row(trace: Trace, moment: Moment, *, noted: bool = True) -> Row:
    truth, names, record = moment.truth, trace.names, moment.truth.record
    did = noted and isinstance(moment.event, str) and moment.who not in _STAGE
    return Row(
        at=timedelta(seconds=moment.at_s - trace.moments[trace.released].at_s),
        who=moment.who if did else "",
        phase=type(record.phase).__name__ if record else "",
        live={name: _shown(layer.active, names) for name, layer in truth.layers.items()},
        replicas={
            named(one, names): (state.available, state.replicas)
            for one, state in truth.revisions.items()
            if state.replicas or state.available
        },
        why=named(str(moment.event) if did else record.phase.message if record else "", names),
    )


def _shown(shown: Shown, names: Mapping[RevisionId, str]) -> str:
    if isinstance(shown, str):
        return names.get(shown, shown)
    if isinstance(shown, Foreign):
        return f"foreign ({shown.what})"
    return "every revision" if isinstance(shown, Everything) else "nothing"


def _live(row: Row) -> str:
    """One name where all layers agree; else each with its own."""
    if len(set(row.live.values())) <= 1:
        return next(iter(row.live.values()), "")
    return ", ".join(f"{layer}: {shown}" for layer, shown in row.live.items())


def _counts(row: Row) -> str:
    return ", ".join(f"{name} {there}/{asked}" for name, (there, asked) in row.replicas.items())


def _why(row: Row) -> str:
    return f"{row.who}: {row.why}" if row.who else row.why
