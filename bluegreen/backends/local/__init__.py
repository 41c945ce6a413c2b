"""The local backend: revisions as real processes of this machine, behind a real Caddy. No cluster, no daemon.

Each rollout has a private folder below the state directory, and proxies of its own: what goes wrong with one touches no
other, and deleting one is deleting its folder. Processes and proxies outlive whoever drives.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from bluegreen.backends.local import caddy
from bluegreen.backends.local.check import Plan, check, plan, split_address
from bluegreen.backends.local.lock import DriverBusy, DriverLock
from bluegreen.backends.local.logs import ReplicaLog, follow, replica_logs, tail
from bluegreen.backends.local.places import Place, default_state_dir, list_rollouts, place
from bluegreen.backends.local.pod import HttpGet
from bluegreen.backends.local.process import Process, stop
from bluegreen.backends.local.proxy import Proxies
from bluegreen.backends.local.records import LocalRecords
from bluegreen.backends.local.replicas import Supervisor
from bluegreen.backends.local.router import LocalRouter
from bluegreen.backends.local.routes import MARKER_HEADER
from bluegreen.backends.local.secrets import DirectorySecrets
from bluegreen.backends.local.store import Store, revision_of
from bluegreen.backends.local.workloads import LocalWorkloads
from bluegreen.backends.probed import Probed
from bluegreen.errors import PermanentBackendError, SpecError
from bluegreen.ports import Backend, Hooks, MetricProvider, Secrets
from bluegreen.snapshot import Slot
from bluegreen.spec import Rollout

__all__ = [
    "HOOKS",
    "MARKER_HEADER",
    "DirectorySecrets",
    "DriverBusy",
    "DriverLock",
    "LocalRecords",
    "Place",
    "ReplicaLog",
    "check",
    "connect",
    "default_state_dir",
    "delete",
    "follow",
    "list_rollouts",
    "place",
    "replica_logs",
    "revision_of",
    "tail",
]

log = logging.getLogger("bluegreen")
HOOKS = "hooks"
"""The folder, in the rollout's own, where those keep their state that run hooks beside this backend."""
_HOOK_GRACE_S = 5.0


@asynccontextmanager
async def connect(
    rollout: Rollout,
    *,
    state_dir: Path | str | None = None,
    drive: bool = True,
    metrics: Mapping[str, MetricProvider] | None = None,
    hooks: Hooks | None = None,
    secrets: Secrets | None = None,
) -> AsyncGenerator[Backend]:
    """A backend over this machine; `state_dir` None is `default_state_dir()`. The rest are handed on as they are.

    With `drive` it is the one driver of the rollout: it starts the proxies, minds the replicas for as long as the block
    lasts, and leaves all of them running. Without, it looks and keeps records, and starts nothing.

    Raises, before anything is started: `SpecError` with all that forbids running the rollout here, `DriverBusy` when
    somebody else drives it, `PermanentBackendError` when Caddy is not installed or an address is taken.
    """
    where = place(state_dir, rollout.name, rollout.namespace)
    with ExitStack() as closing:
        if not drive:
            where.create()
            workloads, records, proxies = _open(where, rollout, closing)
            router = LocalRouter(_layer(rollout), proxies, has_preview=_has_preview(rollout), drives=False)
            try:
                yield Backend(workloads, (router,), records, metrics or {}, hooks, secrets)
            finally:
                await proxies.close()
            return
        planned, found = plan(rollout)
        if planned is None:
            raise SpecError(found.problems)
        caddy.binary()
        where.create()
        closing.enter_context(DriverLock(where))
        workloads, records, proxies = _open(where, rollout, closing)
        try:
            async with _driving(where, workloads.store, proxies, _listen(rollout, planned)):
                inner = LocalRouter(_layer(rollout), proxies, has_preview=_has_preview(rollout), drives=True)
                probed = _probed(inner, rollout, planned)
                yield Backend(workloads, (probed,), records, metrics or {}, hooks, secrets)
        finally:
            await proxies.close()


async def delete(state_dir: Path | str | None, name: str, namespace: str = "default") -> None:
    """Stops everything of a rollout, each replica within its grace period, and removes all that is known of it.

    That includes the programs that run as its hooks, which leave their marks below the folder `hooks`.

    Deleting what is not there is no error. Raises `DriverBusy` while somebody drives it.
    """
    where = place(state_dir, name, namespace)
    if not where.folder.is_dir():
        return
    with DriverLock(where), ExitStack() as closing:
        store = Store(where)
        closing.callback(store.close)
        proxies = Proxies(where.folder)
        try:
            await _stop_hooks(where.folder / HOOKS)
            await proxies.stop(grace_s=10.0)
            await Supervisor(where, store, proxies).stop_all()
        finally:
            await proxies.close()
        shutil.rmtree(where.folder)


async def _stop_hooks(folder: Path) -> None:
    """Stops every program that has left a mark (`{"pid": ..., "started": ...}`); without a folder none begins."""
    marked: list[Process] = []
    for path in folder.glob("*/begun"):
        mark = json.loads(path.read_text())
        if mark["pid"]:
            marked.append(Process(int(mark["pid"]), str(mark["started"])))
    await asyncio.gather(*(stop(one, _HOOK_GRACE_S) for one in marked))


def _open(where: Place, rollout: Rollout, closing: ExitStack) -> tuple[LocalWorkloads, LocalRecords, Proxies]:
    store = Store(where)
    closing.callback(store.close)
    workloads = LocalWorkloads(where, store)
    closing.callback(workloads.close)
    records = LocalRecords(where, rollout.gates)
    closing.callback(records.close)
    return workloads, records, Proxies(where.folder, store.running)


@asynccontextmanager
async def _driving(where: Place, store: Store, proxies: Proxies, listen: Mapping[Slot, str]) -> AsyncGenerator[None]:
    """Proxies and replicas are minded for as long as the block lasts."""
    if not proxies.front.running():
        _check_free(listen)
    await proxies.start(listen)

    async def mind() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(Supervisor(where, store, proxies).run())
            group.create_task(proxies.supervise(listen))

    minding = asyncio.create_task(mind(), name=f"supervise {where.name}")
    minding.add_done_callback(_tell)
    try:
        yield
    finally:
        minding.cancel()
        await asyncio.wait([minding])


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.critical("nobody minds the replicas any more", exc_info=error)


def _check_free(listen: Mapping[Slot, str]) -> None:
    """Raises `PermanentBackendError` when somebody else listens on an address that the front proxy needs."""
    for slot, address in listen.items():
        host, port = split_address(address) or ("", 0)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise PermanentBackendError(
                    f"the {slot} Service cannot listen on {address}: {error.strerror}",
                    remedy="stop what listens there, or give it another address under spec.local.listen",
                ) from error


def _listen(rollout: Rollout, planned: Plan) -> dict[Slot, str]:
    strategy = rollout.strategy
    addresses = {Slot.ACTIVE: planned.listen[strategy.active_service]}
    if strategy.preview_service:
        addresses[Slot.PREVIEW] = planned.listen[strategy.preview_service]
    return addresses


def _layer(rollout: Rollout) -> str:
    return rollout.policy.routers[0].name


def _has_preview(rollout: Rollout) -> bool:
    return bool(rollout.strategy.preview_service)


def _probed(router: LocalRouter, rollout: Rollout, planned: Plan) -> Probed:
    """By the declared probe, or else by the header that the proxy puts on every answer of a replica."""
    if planned.probe is not None:
        return Probed(router, planned.probe.url, planned.probe.header)
    host, port = split_address(planned.listen[rollout.strategy.active_service]) or ("", 0)
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    readiness = planned.pod.readiness
    path = readiness.action.path if readiness and isinstance(readiness.action, HttpGet) else "/"
    return Probed(router, f"http://{f'[{host}]' if ':' in host else host}:{port}/{path.lstrip('/')}", MARKER_HEADER)
