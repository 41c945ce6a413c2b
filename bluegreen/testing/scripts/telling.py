"""What a script prints: every change, in words, when it happens. The trace of the same play is what `check` judges."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from bluegreen.actions import Action
from bluegreen.backends.memory import World
from bluegreen.engine.events import Acted, Acting, Decided, Dropped, Failed, SaveLost
from bluegreen.record import Record
from bluegreen.spec import RevisionId
from bluegreen.testing.scripts.words import asked, clock, measured, said, shown_as
from bluegreen.testing.simulator.process import START
from bluegreen.testing.trace import Trace
from bluegreen.testing.trace.moments import Happening

_HEARD = ("stalls before", "does ", "comes too late")


class Telling(Trace):
    """A trace that says what changes, in lines of `0:30  words`, from `begin_at` on.

    `stepped` are the engines whose decisions are told too: nothing else shows what they may do. `acting` is what each
    engine last began to do, `decided` are those who have decided since somebody took their name out of it.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.world = world
        self.builds: dict[RevisionId, str] = {}
        self.stepped: set[str] = set()
        self.acting: dict[str, Action] = {}
        self.decided: set[str] = set()
        self._base_s: float | None = None
        self._lines: list[str] = []
        self._known: dict[str, Any] = {}
        self._failing: dict[str, str] = {}

    def begin_at(self, seconds: float) -> None:
        """From this moment of the world's clock on, which is 0:00 in the script, changes are told."""
        self._base_s, self._known = seconds, {}
        self._changes()
        self._lines.clear()

    def take(self) -> list[str]:
        """What has been told since the last time."""
        self.look()
        lines, self._lines = self._lines, []
        return lines

    def say(self, words: str) -> None:
        """One line, now."""
        if self._base_s is not None:
            now = clock(self.world.time() - self._base_s)
            self._lines.append(f"{now:>4}  {self.named(words)}")

    def look(self) -> None:
        """Tells what has changed in the world since it was last looked at."""
        if self._base_s is not None:
            for line in self._changes():
                self.say(line)

    def named(self, words: str) -> str:
        """The words with the names of builds for the names of revisions, and times since the script began."""
        for revision, name in self.builds.items():
            words = words.replace(revision, name)
        words = words.replace("revision v", "v")
        return re.sub(r"\d\d:\d\d:\d\d UTC", lambda found: self._since(found[0]), words)

    def _since(self, shown: str) -> str:
        hours, minutes, seconds = (int(one) for one in shown.removesuffix(" UTC").split(":"))
        at_s = timedelta(hours=hours - START.hour, minutes=minutes, seconds=seconds).total_seconds()
        return clock(at_s - (self._base_s or 0.0))

    # Events.

    def _add(self, who: str, event: Happening) -> None:
        super()._add(who, event)
        if isinstance(event, Acting):
            self.acting[who] = event.action
        if isinstance(event, Decided):
            self.decided.add(who)
        if self._base_s is None:
            return
        self._event(who, event)
        self.look()

    def _event(self, who: str, event: Happening) -> None:
        match event:
            case str() if event.startswith(_HEARD):
                self.say(f"{who} {event}")
            case "is killed":
                self.say(f"{who} dies")
            case str() if event.startswith("starts"):
                self.say(f"{who} {event.removesuffix(', its clock +0 s off')}")
            case Failed(what, error, _, action):
                self._fails(who, asked(action) if action else what, str(error))
            case Acted(action):
                self._failing.pop(f"{who} {self.named(asked(action))}", None)
            case Dropped(action, _, why) if "too old" in why:
                self.say(f"{who} drops {asked(action)}: {why}")
            case SaveLost() if who in self.stepped:
                self.say(f"{who} loses: somebody else saved first")
            case Decided(decision) if who in self.stepped:
                self.say(f"{who} decides {', '.join(map(asked, decision.actions)) or 'nothing more'}")
            case _:
                pass

    def _fails(self, who: str, what: str, error: str) -> None:
        """Said once, until something else is the matter with the same thing."""
        what = self.named(what)
        if self._failing.get(f"{who} {what}") != error:
            self.say(f"{who} fails to {what}: {error or 'no answer in time'}")
        self._failing[f"{who} {what}"] = error

    # The world.

    def _changes(self) -> list[str]:
        record, world, lines = self.world.record, self.world, list[str]()
        self._measured(record, lines)
        self._answers(record, lines)
        if self._new("phase", phase := record.phase if record else None) and said(phase) != self._known.get("said"):
            self._known["said"] = said(phase)
            lines.append(said(phase))
        for name, layer in world.layers.items():
            for slot, shown in ((f"live traffic of {name}", layer.active), (f"preview of {name}", layer.preview)):
                before = self._known.get(slot)
                if self._new(slot, shown_as(shown)):
                    lines.append(f"{slot}: {before} -> {shown_as(shown)}")
        self._replicas(lines)
        self._kept(record, lines)
        return lines

    def _new(self, what: str, value: Any) -> bool:
        before = self._known.get(what)
        self._known[what] = value
        return bool(before != value)

    def _replicas(self, lines: list[str]) -> None:
        world = self.world
        for revision, one in world.revisions.items():
            available = len(world.available(revision))
            if self._new(f"pods {revision}", (one.wanted, available)):
                of = f"{available} of {one.wanted} replicas available" if one.wanted else "no replicas any more"
                lines.append(f"{revision}: {of}")
        for what in [one for one in self._known if one.startswith("pods ")]:
            if what.removeprefix("pods ") not in world.revisions:
                del self._known[what]
                lines.append(f"{what.removeprefix('pods ')} does not exist any more")

    def _kept(self, record: Record | None, lines: list[str]) -> None:
        kept = {f"kept {one.revision}": one for one in record.retained} if record else {}
        for what, one in kept.items():
            known = what in self._known
            if self._new(what, one.since is not None) and one.delay_s is not None:
                if one.since is not None:
                    lines.append(f"{one.revision} is kept for {one.delay_s} s from now on")
                elif known:
                    lines.append(f"{one.revision} is kept, and its time does not count for now")
        for what in [one for one in self._known if one.startswith("kept ") and one not in kept]:
            del self._known[what]

    def _answers(self, record: Record | None, lines: list[str]) -> None:
        if record is None:
            return
        if self._new("attempt", record.attempt) and record.attempt:
            lines.append(f"attempt {record.attempt} begins, of {record.current}")
        for one in record.gates:
            if one.answer and self._new(f"gate {one.gate} {one.attempt}", (one.answer, one.why)):
                lines.append(f"gate {one.gate}: {one.answer}, {one.why}")
        waiver = record.waived()
        if waiver and self._new("waiver", (waiver.attempt, waiver.why)):
            by = f" (asked by {waiver.by})" if waiver.by else ""
            lines.append(f"no gate is asked in this attempt: {waiver.why}{by}")

    def _measured(self, record: Record | None, lines: list[str]) -> None:
        runs = [one.run for one in record.gates if one.run] if record else []
        for run in runs:
            for metric in run.metrics:
                for one in metric.measurements:
                    key = f"measured {run.attempt} {run.id} {metric.name} {one.number}"
                    if self._new(key, one.phase):
                        lines.append(measured(metric.name, one))
