"""A driver with hooks in a process of its own, which kills itself. `python -m tests.hooks.driver STATE FILE ...`

Like `tests.local.driver`, with the hooks of this machine; and `--in-flight POINT FILE WORD` kills it at the next such
point (look, decide, save, act, acted), whatever is asked for there, once FILE has the WORD in it: when a hook that
writes it is under way.
"""

import argparse
import asyncio
import os
import signal
from pathlib import Path

from attrs import evolve

from bluegreen import Engine, Rollout, hooks
from bluegreen.backends import local
from bluegreen.codec import load_rollout
from bluegreen.engine.events import Acted, Acting, Decided, Event, Looked, Observer, Saved
from tests.local.driver import Killer, until_rest

EVENTS = {"look": Looked, "decide": Decided, "save": Saved, "act": Acting, "acted": Acted}


class InFlight:
    """Strikes at a point, as soon as a word is in a file."""

    def __init__(self, point: str, file: str, word: str) -> None:
        self.event, self.file, self.word = EVENTS.get(point), Path(file), word

    def __call__(self, event: Event) -> None:
        """Called with each event of the engine."""
        if self.event and isinstance(event, self.event) and self.file.exists() and self.word in self.file.read_text():
            os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    """Drives until it is at rest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("state")
    parser.add_argument("file")
    parser.add_argument("--kill", nargs=2, default=("", ""))
    parser.add_argument("--in-flight", nargs=3, default=("", "", ""))
    parser.add_argument("--apply", action="store_true")
    parser.add_argument("--until", default="rest")
    options = parser.parse_args()
    rollout: Rollout = load_rollout(Path(options.file).read_text())
    where = local.place(options.state, rollout.name, rollout.namespace)
    async with (
        local.connect(rollout, state_dir=options.state) as backend,
        hooks.connect(where.folder / local.HOOKS) as steps,
    ):
        (point, wanted), (later, file, word) = options.kill, options.in_flight
        killers: list[Observer] = [Killer(point, wanted, signal.SIGKILL), InFlight(later, file, word)]
        engine = Engine(rollout, evolve(backend, hooks=steps), observers=killers)
        if options.apply:
            await engine.apply(rollout)
        async with engine.tasks:
            await until_rest(engine, options.until)


if __name__ == "__main__":
    asyncio.run(main())
