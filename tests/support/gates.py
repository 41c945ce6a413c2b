"""Gates that ask the outside world, and whoever answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from bluegreen.actions import Measure, RunHook, Task
from bluegreen.errors import BackendError
from bluegreen.gates import Answer, CannotSay, No, OnDeadline, Release, Stage, Yes
from bluegreen.ports import NoData
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, RevisionId
from tests.support.worlds import START, rev

IMAGES = ("v1", "v2", "v3")


@frozen
class AskingGate:
    """A gate that asks the outside world, again while it has no answer, four times at most."""

    name: str = "checked"
    stage: Stage = Stage.PRE_PROMOTION
    hook: bool = False
    deadline_seconds: int | None = None
    on_deadline: OnDeadline = OnDeadline.ABORT

    def answer(self, release: Release, now: datetime) -> Answer:
        """What the last outcome says; while there is none, whatever has to be asked."""
        mine = [one for one in release.outcomes if one.key.run == self.name]
        if mine and mine[-1].value is not None:
            return Yes("it is fine") if mine[-1].value is True else No("it is not fine")
        if len(mine) >= 4:
            return No(f"asked {len(mine)} times in vain")
        key = Key(release.revision, release.attempt, self.name, number=len(mine))
        query = {"revision": release.revision}
        task: Task = RunHook(key, query, 20) if self.hook else Measure(key, "verdicts", query, 20)
        return CannotSay("asks", (task,))


@frozen
class Verdicts:
    """A metric provider and a hook runner in one: what it says of each image, half a second after it was asked.

    True and False are answers, None is no data, anything else an error.
    """

    of: Mapping[str, object] = field(factory=dict[str, object])
    started: dict[Key, tuple[float, RevisionId]] = field(factory=dict[Key, tuple[float, RevisionId]])

    def _verdict(self, asked: JSON) -> object:
        return next((self.of.get(image, True) for image in IMAGES if rev(image) == asked), True)

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData:
        """The verdict on the revision that the query names."""
        await asyncio.sleep(0.5)
        match self._verdict(query["revision"]):
            case bool(verdict):
                return verdict
            case None:
                return NoData()
            case other:
                raise BackendError(str(other))

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """Remembers when the step was started first, and for which revision."""
        about = hook["release"]["revision"] if "release" in hook else hook["revision"]
        self.started.setdefault(key, (asyncio.get_running_loop().time(), about))

    async def poll(self, key: Key) -> Outcome | None:
        """The verdict, once half a second has passed."""
        at_s, asked = self.started[key]
        if asyncio.get_running_loop().time() < at_s + 0.5:
            return None
        verdict = self._verdict(asked)
        if isinstance(verdict, bool):
            return Outcome(key, START, START, verdict)
        return Outcome(key, START, START, no_data=verdict is None, error=str(verdict or ""))

    async def cancel(self, key: Key) -> None:
        """Forgets the step."""
        self.started.pop(key, None)
