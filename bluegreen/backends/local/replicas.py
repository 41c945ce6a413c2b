"""Minding replicas: starting, probing, starting again, stopping. Only the driver does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from bluegreen.backends.local import logs, process
from bluegreen.backends.local.database import Watch
from bluegreen.backends.local.launch import Launch, launch
from bluegreen.backends.local.places import Place
from bluegreen.backends.local.pod import Pod, Probe, TcpSocket, read_pod
from bluegreen.backends.local.probe import Count, perform
from bluegreen.backends.local.process import Process
from bluegreen.backends.local.proxy import Proxies
from bluegreen.backends.local.routes import read_routes
from bluegreen.backends.local.store import ReplicaRow, RevisionRow, Store
from bluegreen.errors import BackendError
from bluegreen.spec import RevisionId

log = logging.getLogger("bluegreen")

CHECK_S = 0.1
SOON_S = 0.2
"""A replica that was never ready is asked so often, where a cluster would wait a whole period."""
FIRST_BACKOFF_S, LAST_BACKOFF_S = 1.0, 300.0
FORGIVEN_AFTER_S = 600.0
"""A replica that ran for so long before it crashed starts with a clean slate."""
POOL_S = 5.0
"""The proxy's pools are given so long to let go of a replica that is to be stopped."""
LOG_CHECK_S = 2.0

WITHOUT_A_PROBE = Probe(TcpSocket(), period_s=10)
"""A replica without a readiness probe is ready once its port takes a connection: before that it cannot serve."""


def backoff_s(crashes: int) -> float:
    """How long a replica that crashed so often in a row waits: 0, 1, 2, 4, ... seconds, 5 minutes at most."""
    return 0.0 if crashes <= 1 else min(FIRST_BACKOFF_S * 2.0 ** min(crashes - 2, 20), LAST_BACKOFF_S)


class Supervisor:
    """Minds every replica of the rollout's database, each in a task of its own."""

    def __init__(self, place: Place, store: Store, proxies: Proxies) -> None:
        self._place = place
        self._store = store
        self._proxies = proxies

    async def run(self) -> None:
        """For ever. Cancelled at will: replicas live on, and the next supervisor finds them."""
        watch = Watch(self._place.database)
        minded: dict[tuple[RevisionId, int], asyncio.Task[None]] = {}
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    watch.mark()
                    for row in self._store.replicas():
                        key = (row.revision, row.number)
                        if key not in minded or minded[key].done():
                            minded[key] = group.create_task(self._mind(*key), name=f"replica {key[0]}-{key[1]}")
                    await watch.changed(timeout_s=1.0)
        finally:
            watch.close()

    async def stop_all(self) -> None:
        """Stops every replica, each within its grace period, without waiting for the proxies."""
        async with asyncio.TaskGroup() as group:
            for row in self._store.replicas():
                minder = self._minder(row.revision, row.number)
                if minder is not None:
                    group.create_task(minder.leave(row, drain=False))

    async def _mind(self, revision: RevisionId, number: int) -> None:
        while self._store.replica(revision, number) is not None:
            try:
                minder = self._minder(revision, number)
                if minder is None:
                    return
                await minder.mind()
            except Exception:
                log.exception("minding replica %s-%s failed, and is tried again", revision, number)
                await asyncio.sleep(1.0)

    def _minder(self, revision: RevisionId, number: int) -> Minder | None:
        row = self._store.revision(revision)
        if row is None:
            return None
        pod, found = read_pod(row.template, command=row.command, port=row.port)
        if pod is None:
            raise BackendError(f"revision {revision} cannot run here: " + "; ".join(map(str, found.problems)))
        return Minder(self._place, self._store, self._proxies, row, pod, number)


class Minder:
    """Keeps one replica as the database wants it."""

    def __init__(
        self, place: Place, store: Store, proxies: Proxies, revision: RevisionRow, pod: Pod, number: int
    ) -> None:
        self._store = store
        self._proxies = proxies
        self._revision = revision
        self._pod = pod
        self._number = number
        self._log = logs.log_path(place, revision.id, number)

    def _row(self) -> ReplicaRow | None:
        return self._store.replica(self._revision.id, self._number)

    async def mind(self) -> None:
        """Until the replica is gone for good."""
        while (row := self._row()) is not None:
            running = await self._find(row)
            if row.leaving:
                await self.leave(row, drain=True)
            elif running is not None:
                await self._watch(row, running)
            elif row.process is not None:
                await self._crashed(row, _how_it_ended(process.exit_code(row.process)))
            elif row.next_start > time.time():
                await self._sleep_until(row.next_start)
            else:
                await self._start(row)

    async def leave(self, row: ReplicaRow, *, drain: bool) -> None:
        """Lets the replica finish its requests, then preStop, SIGTERM, the grace period, SIGKILL; forgets it."""
        running = await self._find(row)
        if running is not None:
            loop = asyncio.get_running_loop()
            if drain:
                await self._drained(row)
            deadline = loop.time() + self._pod.grace_s
            if self._pod.pre_stop is not None and process.alive(running):
                why = await perform(self._pod.pre_stop, self._launch(row), row.port, self._pod.grace_s)
                if why:
                    log.warning("preStop of replica %s-%s: %s", row.revision, row.number, why)
            await process.stop(running, max(deadline - loop.time(), 2.0 if self._pod.grace_s else 0.0))
        self._store.remove(row)

    # Private.

    def _launch(self, row: ReplicaRow) -> Launch:
        own = self._revision
        return launch(self._pod, own.id, port=row.port, marker=row.marker, folder=own.folder)

    async def _find(self, row: ReplicaRow) -> Process | None:
        """The replica's process, if it runs; also one whose pid nobody had the time to write down."""
        if row.process is not None:
            return row.process if process.alive(row.process) else None
        if not row.marker:
            return None
        found = await asyncio.to_thread(process.find, row.marker)
        if found is not None:
            self._store.update(row, pid=found.pid, started=found.started)
        else:
            self._store.update(row, marker="")
        return found

    async def _start(self, row: ReplicaRow) -> None:
        self._store.update(
            row,
            port=self._store.new_port(),
            marker=f"{row.revision}-{row.number}.{time.time_ns():x}",
            started_at=time.time(),
            ready_since=None,
            reason="is starting",
        )
        marked = self._row()
        if marked is None or marked.leaving:
            return
        start = self._launch(marked)
        try:
            started = process.spawn(start.argv, start.env, folder=start.folder, log=self._log)
        except OSError as error:
            await self._crashed(marked, f"cannot be started: {error.strerror}")
            return
        self._store.update(marked, pid=started.pid, started=started.started)

    async def _watch(self, row: ReplicaRow, running: Process) -> None:
        """Probes the replica and bounds its log, until it ends or has to leave."""
        prober = asyncio.create_task(self._probe(row), name=f"probe {row.revision}-{row.number}")
        checked_at = 0.0
        loop = asyncio.get_running_loop()
        try:
            while process.alive(running):
                now = self._row()
                if now is None or now.leaving:
                    return
                if loop.time() - checked_at > LOG_CHECK_S:
                    checked_at = loop.time()
                    logs.bound(self._log)
                await asyncio.sleep(CHECK_S)
        finally:
            prober.cancel()
            await asyncio.wait([prober])
            if not prober.cancelled() and prober.exception():
                log.error("probing replica %s-%s failed", row.revision, row.number, exc_info=prober.exception())
        await self._crashed(row, _how_it_ended(process.exit_code(running)))

    async def _crashed(self, row: ReplicaRow, how: str) -> None:
        """Nothing of the replica is left running; it is started again after a while."""
        if row.process is not None:
            await asyncio.to_thread(process.kill, row.process)
        ran_s = time.time() - row.started_at
        crashes = 1 if ran_s > FORGIVEN_AFTER_S else row.crashes + 1
        reason = how + (f", {crashes} times in a row" if crashes > 1 else "")
        last = logs.last_line(self._log)
        if crashes > 1:
            reason = f"crash loop: {reason}"
        wait_s = backoff_s(crashes)
        if wait_s:
            reason += time.strftime(", next start at %H:%M:%S UTC", time.gmtime(time.time() + wait_s))
        reason += f"; last log line: {last}" if last else ""
        self._store.update(
            row,
            pid=0,
            started="",
            marker="",
            ready_since=None,
            crashes=crashes,
            next_start=time.time() + wait_s,
            reason=reason,
        )

    async def _sleep_until(self, moment: float) -> None:
        while time.time() < moment:
            now = self._row()
            if now is None or now.leaving:
                return
            await asyncio.sleep(min(CHECK_S, max(moment - time.time(), 0.0)))

    async def _probe(self, row: ReplicaRow) -> None:
        probe = self._pod.readiness or WITHOUT_A_PROBE
        start = self._launch(row)
        count = Count(probe, ready=row.ready_since is not None)
        was_ready = count.ready
        if not was_ready:
            await asyncio.sleep(max(row.started_at + probe.initial_delay_s - time.time(), 0.0))
        while True:
            why = await perform(probe.action, start, row.port, probe.timeout_s)
            before = count.ready
            if count.add(not why):
                was_ready = True
                if not before:
                    self._store.update(row, ready_since=time.time(), reason="")
            elif before or why:
                self._store.update(row, ready_since=None, reason=self._unready(row, why))
            await asyncio.sleep(min(probe.period_s, SOON_S) if why and not was_ready else probe.period_s)

    def _unready(self, row: ReplicaRow, why: str) -> str:
        hint = "" if self._pod.readiness else "; a program has to listen on the port that its PORT variable says"
        crashed = f" (it crashed {row.crashes} times)" if row.crashes else ""
        return f"is not ready: {why}{crashed}{hint}"

    async def _drained(self, row: ReplicaRow) -> None:
        """Returns when no pool leads to the replica and it has no request in hand, or after the grace period."""
        if not await self._wait(lambda: self._unpooled(row), POOL_S):
            log.warning("replica %s-%s is stopped although a pool still leads to it", row.revision, row.number)
        await self._wait(lambda: self._idle(row), self._pod.grace_s)

    async def _wait(self, condition: Callable[[], Awaitable[bool]], timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                while not await condition():  # noqa: ASYNC110  the proxies ring no bell
                    await asyncio.sleep(CHECK_S)
        except TimeoutError:
            return False
        return True

    async def _unpooled(self, row: ReplicaRow) -> bool:
        try:
            routes = read_routes((await self._proxies.read())[0])
        except BackendError:
            return False
        return routes is None or all(row.address not in addresses for addresses in routes.pools.values())

    async def _idle(self, row: ReplicaRow) -> bool:
        running = row.process
        if running is not None and not process.alive(running):
            return True
        try:
            return not (await self._proxies.in_flight()).get(row.address)
        except BackendError:
            return False


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "ended"
    return f"exited {code}" if code >= 0 else f"was killed by signal {-code}"
