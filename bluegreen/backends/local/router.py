"""The one layer of a single machine: `service`, the Services' addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from attrs import evolve

from bluegreen.backends.local.proxy import Proxies
from bluegreen.backends.local.routes import Routes, router_state
from bluegreen.errors import BackendError
from bluegreen.snapshot import RouterState, Slot, Target
from bluegreen.spec import RevisionId

BUSY_POLL_S, CALM_POLL_S = 0.2, 1.0


class LocalRouter:
    """Keeps the promises of `Router`. `drives`: this process may write; others only look."""

    def __init__(self, name: str, proxies: Proxies, *, has_preview: bool, drives: bool) -> None:
        self.name = name
        self._proxies = proxies
        self._has_preview = has_preview
        self._drives = drives
        self._seen: RouterState | None = None

    async def observe(self) -> RouterState:
        self._seen = None
        self._seen = await self._look()
        return self._seen

    async def prepare(self, targets: Collection[Target]) -> None:
        self._must_drive()
        pools = {target.revision: target.addresses for target in targets}

        def change(routes: Routes) -> Routes:
            return routes.prepared(pools)

        state = await self._look()
        held = {one.revision: one.addresses for one in state.prepared or ()}
        shown = {one for one in (state.active, state.preview) if isinstance(one, str)}
        wanted = {**{one: held[one] for one in shown if one in held}, **pools}
        if held != wanted:
            await self._proxies.change(change)

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        self._must_drive()

        def change(routes: Routes) -> Routes:
            if revision not in routes.pools:
                raise BackendError(f"revision {revision} is not prepared on layer {self.name} yet")
            return routes.pointed(slot, revision)

        await self._proxies.change(change, if_version=if_version)

    async def changed(self) -> None:
        """Returns when the proxies are seen to differ from the last look, or cannot be seen: within a second."""
        while True:
            drained = self._seen is None or self._seen.drained
            await asyncio.sleep(CALM_POLL_S if drained else BUSY_POLL_S)
            try:
                now = await self._look()
            except BackendError:
                if self._seen is not None:
                    return
                continue
            if now != self._seen:
                return

    async def _look(self) -> RouterState:
        config, version = await self._proxies.read()
        # Counted after that, and not before: a request to a revision that had traffic until then would be overlooked.
        in_flight = await self._proxies.in_flight()
        state = router_state(config, version, in_flight, has_preview=self._has_preview)
        if not self._proxies.front.running():
            return evolve(state, converged=False, note="the front proxy is down")
        return state

    def _must_drive(self) -> None:
        if not self._drives:
            raise BackendError("only the process that drives a rollout changes its proxies")
