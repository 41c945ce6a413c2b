"""A driver in a process of its own, which kills itself at a given point. `python -m tests.local.driver STATE FILE ...`

It drives the rollout in FILE (as `dump_rollout` writes it) on the local backend until it is at rest, and exits with 0.
`--kill POINT ACTION` kills it with SIGKILL at that point (look, decide, save, act, acted) of the first step that asks
for such an action (Point, Retire, ...), `--stop POINT ACTION` stops it there with SIGSTOP; `--apply` declares FILE
first; `--abort` aborts what is current first.
"""

import argparse
import asyncio
import os
import signal
from pathlib import Path

from attrs import evolve

from bluegreen import Engine, Rollout, decide, metrics
from bluegreen.backends import local
from bluegreen.codec import load_rollout
from bluegreen.engine.events import Acted, Acting, Decided, Event, Looked, Saved
from bluegreen.errors import RecordConflict
from bluegreen.record import Degraded, Healthy, Record
from bluegreen.snapshot import Slot


class Killer:
    """Knows from the look on what the step will ask for, since deciding is pure; waits for the point, and strikes."""

    def __init__(self, point: str, wanted: str, how: signal.Signals) -> None:
        self.point, self.wanted, self.how, self.armed = point, wanted, how, False

    def __call__(self, event: Event) -> None:
        """Called with each event of the engine."""
        match event:
            case Looked():
                decision = decide(event.rollout, event.record, event.snapshot, event.at)
                self.armed = any(self._is_wanted(action) for action in decision.actions)
                self._at("look")
            case Decided():
                self._at("decide")
            case Saved():
                self._at("save")
            case Acting() if self._is_wanted(event.action):
                self._at("act")
            case Acted() if self._is_wanted(event.action):
                self._at("acted")
            case _:
                pass

    def _is_wanted(self, action: object) -> bool:
        return type(action).__name__ == self.wanted and getattr(action, "slot", Slot.ACTIVE) is Slot.ACTIVE

    def _at(self, point: str) -> None:
        if self.armed and point == self.point:
            self.point = "never again"
            os.kill(os.getpid(), self.how)


def at_rest(record: Record | None, until: str) -> bool:
    """Nothing is due any more; or, until `healthy`, the release went live; until `back`, traffic is where it was."""
    if record is None or record.outstanding:
        return False
    match until:
        case "healthy":
            return isinstance(record.phase, Healthy)
        case "back":
            return isinstance(record.phase, Degraded) and "all traffic is on" in record.phase.message
        case _:
            return isinstance(record.phase, Healthy | Degraded) and not record.retained


async def until_rest(engine: Engine, until: str) -> None:
    """Steps until it is at rest."""
    while True:
        try:
            step = await engine.step()
        except RecordConflict:
            continue
        if at_rest(step.decision.record, until) and not step.decision.actions:
            return
        await asyncio.sleep(0.05)


async def main() -> None:
    """Drives until it is at rest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("state")
    parser.add_argument("file")
    parser.add_argument("--kill", nargs=2, default=("", ""))
    parser.add_argument("--stop", nargs=2, default=("", ""))
    parser.add_argument("--apply", action="store_true")
    parser.add_argument("--abort", action="store_true")
    parser.add_argument("--until", default="rest")
    options = parser.parse_args()
    rollout: Rollout = load_rollout(Path(options.file).read_text())
    async with (
        local.connect(rollout, state_dir=options.state) as backend,
        metrics.connect(rollout, backend.workloads) as providers,
    ):
        (kill, to_kill), (stop, to_stop) = options.kill, options.stop
        killers = [Killer(kill, to_kill, signal.SIGKILL), Killer(stop, to_stop, signal.SIGSTOP)]
        engine = Engine(rollout, evolve(backend, metrics=providers), observers=killers)
        if options.apply:
            await engine.apply(rollout)
        if options.abort:
            record = (await backend.records.load()).record
            assert record is not None
            assert record.current is not None
            await engine.abort(record.current, by="the drill")
        async with engine.tasks:
            await until_rest(engine, options.until)


if __name__ == "__main__":
    asyncio.run(main())
