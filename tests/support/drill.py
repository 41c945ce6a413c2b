"""A drill: a stage of the simulator, with the builds, gates and words that these tests use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from bluegreen.backends.memory import World
from bluegreen.spec import Rollout
from bluegreen.testing import virtual_time
from bluegreen.testing.simulator.stage import Stage
from bluegreen.testing.trace import Trace
from tests.support.gates import Verdicts
from tests.support.worlds import changed, template


class Drill(Stage):
    """The stage of one scenario, on which `verdicts` answers what gates ask."""

    def __init__(self, rollout: Rollout, *, ready_after_s: float = 1.0, verdicts: Verdicts | None = None) -> None:
        self.verdicts = verdicts or Verdicts()
        world = World(rollout, ready_after_s=ready_after_s)
        super().__init__(rollout, world, metrics={"verdicts": self.verdicts}, hooks=self.verdicts)

    async def apply(self, image: str | None = None, **fields: Any) -> None:
        """A person declares another image, or other fields."""
        wanted = changed(self.world.stored.rollout or self.rollout, **fields)
        wanted = wanted.with_template(template(image)) if image else wanted
        await self.ask(f"applies {image or fields}", lambda: self.person.apply(wanted))


@contextmanager
def no_time_limits() -> Generator[None]:
    """Actions may be begun, and may take, as late and as long as they like: no safety rests on these limits."""
    act = "bluegreen.engine.act"
    with patch(f"{act}.FRESH_S", 1e9), patch(f"{act}.ACT_TIMEOUT_S", 1e9), patch(f"{act}.PREPARE_TIMEOUT_S", 1e9):
        yield


def run(scenario: Callable[[], Awaitable[Trace]]) -> Trace:
    """Plays a scenario in virtual time."""

    async def main() -> Trace:
        return await scenario()

    return virtual_time.run(main())
