"""Measuring as the engine does it: through its tasks, with secrets put in at the last moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from bluegreen.actions import Measure
from bluegreen.backends.memory import World, over
from bluegreen.engine.clock import Clock
from bluegreen.engine.tasks import Tasks
from bluegreen.errors import PermanentBackendError
from bluegreen.metrics import Context, Providers
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, SecretKeyRef
from tests.support.worlds import V1, rollout


class Kept:
    """Secrets, by the name of the argument that stands for them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)

    async def read(self, name: str, key: str) -> str:
        """The value; what is not there is an error for a person."""
        if key not in self.values:
            raise PermanentBackendError(f"no secret {name}/{key}", remedy="make one")
        return self.values[key]


class Measuring:
    """The installed providers, asked as the engine asks them. An async context manager."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self.secrets = dict(secrets or {})
        self._number = 0

    async def __aenter__(self) -> Measuring:
        self.providers = Providers(Context("shop"))
        backend = over(World(rollout()))
        self._done = dict[Key, asyncio.Future[Outcome]]()
        self._tasks = Tasks(
            evolve(backend, metrics=self.providers, secrets=Kept(self.secrets)),
            Clock(),
            lambda outcome: self._done[outcome.key].set_result(outcome),
        )
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._tasks.__aexit__(None, None, None)
        await self.providers.close()

    async def outcome(self, provider: str, query: Mapping[str, JSON], *, timeout_s: float = 20) -> Outcome:
        """What becomes of one measurement. `{{args.NAME}}` in the query stands for the secret of that name."""
        self._number += 1
        key = Key(V1, 1, "run", "metric", self._number)
        self._done[key] = asyncio.get_running_loop().create_future()
        secrets = {name: SecretKeyRef("shop", name) for name in self.secrets}
        self._tasks.start(Measure(key, provider, query, timeout_s, secrets))
        outcome = await self._done[key]
        self._tasks.acknowledge((outcome,))
        return outcome

    async def value(self, provider: str, query: Mapping[str, JSON]) -> JSON:
        """The value of one measurement that has to come to one."""
        outcome = await self.outcome(provider, query)
        assert not outcome.error, outcome.error
        assert not outcome.no_data
        return outcome.value
