"""Seeing is believing: a router whose word is checked on the data plane, by fresh connections."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from attrs import evolve

from bluegreen.ports import Router, Watched
from bluegreen.snapshot import RouterState, Slot, Target
from bluegreen.spec import RevisionId

TIMES: Final = 5
SPREAD_S: Final = 1.0
TIMEOUT_S: Final = 1.0
AGAIN_S: Final = 0.2
"""So soon after a look that could not confirm another one is worth while."""
POLL_S: Final = 1.0


class Probed:
    """Wraps any router: its active slot has converged only once new connections were seen to be answered by it.

    `url` is asked by GET, each time through a connection of its own; the answer's `header` names the revision that
    answered, whatever its status. It takes five in a row, spread over a second; one that fails or names another
    revision starts the count again. Each look asks at most once, and none does after that, until the slot shows
    something else or is written again.
    """

    def __init__(self, router: Router, url: str, header: str = "X-Revision") -> None:
        self._router = router
        self._url = url
        self._header = header
        self._target: RevisionId | None = None
        self._answers: list[float] = []
        self._asked_at = float("-inf")
        self._confirmed = False
        self._waiting = False

    @property
    def name(self) -> str:
        """The wrapped router's name."""
        return self._router.name

    async def observe(self) -> RouterState:
        state = await self._router.observe()
        target = RevisionId(state.active) if isinstance(state.active, str) else None
        if target != self._target:
            self._begin(target)
        if target is None or not state.converged:
            self._begin(target)
            self._waiting = target is not None
            return evolve(state, probed=True)
        why = "" if self._confirmed else await self._ask(target)
        self._waiting = not self._confirmed
        if self._confirmed:
            return evolve(state, probed=True)
        note = why or f"{len(self._answers)} new connections were answered by revision {target} so far"
        return evolve(state, converged=False, probed=True, note="; ".join(filter(None, (state.note, note))))

    async def prepare(self, targets: Collection[Target]) -> None:
        await self._router.prepare(targets)

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        if slot is Slot.ACTIVE:
            self._begin(None)  # also when it fails or is cancelled: the write may have landed
        await self._router.point(slot, revision, if_version=if_version)

    async def changed(self) -> None:
        """Returns when the wrapped router's does, and soon while the data plane has yet to be seen to follow."""
        inner = self._router.changed() if isinstance(self._router, Watched) else asyncio.sleep(POLL_S)
        if not self._waiting:
            return await inner
        try:
            async with asyncio.timeout(AGAIN_S):
                await inner
        except TimeoutError:
            return

    def _begin(self, target: RevisionId | None) -> None:
        self._target, self._answers, self._confirmed = target, [], False

    async def _ask(self, target: RevisionId) -> str:
        """One probe, unless the last was just now. What it found when that was not the target; else empty."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._asked_at < AGAIN_S / 2:
            return ""
        self._asked_at = loop.time()
        answers = self._answers
        try:
            answered = await self._probe()
        except (OSError, TimeoutError) as error:
            self._begin(target)
            return f"the probe of {self._url} failed: {str(error) or type(error).__name__}"
        if answered != target:
            self._begin(target)
            who = f"was answered by revision {answered}" if answered else f"got an answer without {self._header}"
            return f"the probe of {self._url} {who}, not by revision {target}"
        if answers is not self._answers:
            return ""  # the slot was written meanwhile: this answer may be from before
        answers.append(loop.time())
        self._confirmed = len(answers) >= TIMES and answers[-1] - answers[0] >= SPREAD_S
        return ""

    async def _probe(self) -> str | None:
        from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

        timeout = ClientTimeout(total=TIMEOUT_S)
        async with ClientSession(connector=TCPConnector(force_close=True), timeout=timeout) as session:
            try:
                async with session.get(self._url, allow_redirects=False) as reply:
                    return reply.headers.get(self._header)
            except ClientError as error:
                raise OSError(str(error)) from error
