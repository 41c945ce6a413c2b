"""Hooks that run: a `command` is a program of this machine, a `webhook` a request to another one.

    async with hooks.connect(folder) as steps:
        backend = evolve(backend, hooks=steps)

Each is found again after a crash: it is started once more under its key, which does nothing where it began before, and
then polled.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bluegreen.errors import PermanentBackendError
from bluegreen.hooks.command import Commands
from bluegreen.hooks.webhook import Webhooks
from bluegreen.ports import Hooks
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON

__all__ = ["LocalHooks", "connect"]


class LocalHooks:
    """The hooks of one rollout, run from this machine, by their `kind`. Keeps the `Hooks` port.

    `folder` is the rollout's own, and has to live as long as its record: it says which programs ran. Nothing secret is
    written there by us, but it holds what the programs wrote.
    """

    def __init__(self, folder: Path | str | os.PathLike[str]) -> None:
        self._commands = Commands(Path(folder).absolute())
        self._webhooks = Webhooks()
        self._kinds: dict[str, Hooks] = {"command": self._commands, "webhook": self._webhooks}
        self._started: dict[Key, Hooks] = {}

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """Starts it by its kind. Raises `PermanentBackendError` for one that is not known."""
        kind = hook.get("kind")
        if kind not in self._kinds:
            known = ", ".join(self._kinds)
            raise PermanentBackendError(f"hooks of the kind {kind!r} do not run here", remedy=f"there are: {known}")
        await self._kinds[kind].start(key, hook)
        self._started[key] = self._kinds[kind]

    async def poll(self, key: Key) -> Outcome | None:
        """What became of it. A program is found by its key alone, whoever started it."""
        return await self._started.get(key, self._commands).poll(key)

    async def cancel(self, key: Key) -> None:
        """Stops it. A program is found by its key alone, whoever started it."""
        await self._webhooks.cancel(key)
        await self._commands.cancel(key)

    async def close(self) -> None:
        """Ends the calls under way; programs go on running."""
        await self._webhooks.close()


@asynccontextmanager
async def connect(folder: Path | str | os.PathLike[str]) -> AsyncGenerator[LocalHooks]:
    """The hooks of one rollout, closed at the end of the block; `folder` is as in `LocalHooks`."""
    steps = LocalHooks(folder)
    try:
        yield steps
    finally:
        await steps.close()
