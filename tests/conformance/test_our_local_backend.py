"""The local backend keeps every rule: real processes, a real Caddy, a real database file."""

import os
import signal
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from bluegreen.backends import local
from bluegreen.backends.local.router import LocalRouter
from bluegreen.backends.local.store import Store
from bluegreen.backends.local.workloads import LocalWorkloads
from bluegreen.backends.probed import Probed
from bluegreen.ports import Records
from bluegreen.snapshot import Slot, Target
from bluegreen.spec import RevisionId
from bluegreen.testing.conformance import records, router, workloads
from tests.local.conftest import make_rollout, state_dir
from tests.local.support import MakeRollout

__all__ = ["make_rollout", "state_dir"]
pytestmark = pytest.mark.real
NAMES = tuple(RevisionId(name * 10) for name in "abc")


def workloads_case(state_dir: Path, make_rollout: MakeRollout) -> workloads.Case:
    """Programs of this machine, minded by a driver."""
    rollouts = make_rollout("v1", replicas=2), make_rollout("v2", replicas=2), make_rollout("v3", replicas=2)
    where = local.place(state_dir, "shop")

    @asynccontextmanager
    async def make() -> AsyncGenerator[workloads.Stage]:
        async with local.connect(rollouts[0], state_dir=state_dir) as backend:
            store = Store(where)
            another = LocalWorkloads(where, store)

            async def fail(revision: RevisionId) -> None:
                ready = [one for one in store.replicas() if one.revision == revision and one.ready_since]
                os.kill(ready[0].pid, signal.SIGKILL)

            try:
                yield workloads.Stage(backend.workloads, another, fail)  # its file cannot be out of reach
            finally:
                another.close()
                store.close()

    return workloads.Case(make, rollouts, limit_s=20, unknown_version="no-such-version")


@pytest.mark.parametrize("rule", workloads.RULES)
async def test_our_processes_keep_the_rule(rule: str, state_dir: Path, make_rollout: MakeRollout) -> None:
    await workloads.check(rule, workloads_case(state_dir, make_rollout))


def records_case(state_dir: Path, make_rollout: MakeRollout) -> records.Case:
    """The database file of a rollout."""
    where = local.place(state_dir, "shop")

    @asynccontextmanager
    async def make() -> AsyncGenerator[records.Stage]:
        where.create()
        opened = [local.LocalRecords(where), local.LocalRecords(where)]

        async def spoil(change: str) -> None:
            with closing(sqlite3.connect(where.database, timeout=5)) as connection:
                connection.executescript(f"UPDATE stored SET {change}")

        async def future() -> None:
            await spoil("record = json_set(record, '$.schema', 99)")

        async def reopened() -> Records:
            while opened:
                opened.pop().close()
            opened.append(local.LocalRecords(where))
            return opened[0]

        damaged = {
            "half of the record": lambda: spoil("record = substr(record, 1, length(record) / 2)"),
            "no letter of the record": lambda: spoil("record = ''"),
            "another record": lambda: spoil('record = \'{"no": "record"}\''),
            "no text": lambda: spoil("record = x'ff'"),
            "another encoding": lambda: spoil("record = CAST(x'ff' AS TEXT)"),
            "half of the Rollout": lambda: spoil("record = NULL, rollout = substr(rollout, 1, length(rollout) / 2)"),
            "no letter of the Rollout": lambda: spoil("record = NULL, rollout = ''"),
            "no row": lambda: spoil("id = 1; DELETE FROM stored"),
            "no table": lambda: spoil("id = 1; ALTER TABLE stored RENAME TO elsewhere"),
        }
        try:
            yield records.Stage(opened[0], opened[1], reopened, damaged=damaged, from_the_future=future)
        finally:
            for one in opened:
                one.close()

    return records.Case(make, (make_rollout("v1"), make_rollout("v2")), unknown_version="no-such-version")


@pytest.mark.parametrize("rule", records.RULES)
async def test_our_database_keeps_the_rule(rule: str, state_dir: Path, make_rollout: MakeRollout) -> None:
    await records.check(rule, records_case(state_dir, make_rollout))


@pytest.fixture
async def targets() -> AsyncIterator[tuple[Target, ...]]:
    """Three revisions, each a small server of its own. Before others choose free ports, which it would take."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    found: list[Target] = []
    runners: list[web.AppRunner] = []
    for name in NAMES:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runners.append(web.AppRunner(app, shutdown_timeout=0.1))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        found.append(Target(name, (f"127.0.0.1:{runners[-1].addresses[0][1]}",)))
    yield tuple(found)
    for one in runners:
        await one.cleanup()


def router_case(
    state_dir: Path, make_rollout: MakeRollout, targets: tuple[Target, ...], *, probed: bool
) -> router.Case:
    """The proxies of a rollout, before three servers; `probed`: seen to answer before they have converged."""
    rollout = make_rollout()
    folder = local.place(state_dir, "shop").folder

    @asynccontextmanager
    async def make() -> AsyncGenerator[router.Stage]:
        async with local.connect(rollout, state_dir=state_dir) as backend, ClientSession() as http:
            wrapped = backend.routers[0]
            assert isinstance(wrapped, Probed)
            inner = wrapped._router
            assert isinstance(inner, LocalRouter)
            another = LocalRouter(inner.name, inner._proxies, has_preview=True, drives=True)

            async def answers(slot: Slot) -> RevisionId | None:
                listen = rollout.policy.local.listen["shop" if slot is Slot.ACTIVE else "shop-preview"]
                async with http.get(f"http://{listen}/") as reply:
                    found = reply.headers.get(local.MARKER_HEADER)
                    return RevisionId(found) if found else None

            @asynccontextmanager
            async def cut() -> AsyncGenerator[None]:
                sockets = [folder / name / "admin.sock" for name in "ab"]
                for one in sockets:
                    one.rename(one.with_suffix(".away"))
                yield
                for one in sockets:
                    one.with_suffix(".away").rename(one)

            yield router.Stage(wrapped if probed else inner, another, answers=answers, cut=cut)

    a, b, c = targets
    return router.Case(make, (a, b, c), unknown_version="no-such-version")


@pytest.mark.parametrize("rule", router.RULES)
async def test_our_proxies_keep_the_rule(
    rule: str, targets: tuple[Target, ...], state_dir: Path, make_rollout: MakeRollout
) -> None:
    await router.check(rule, router_case(state_dir, make_rollout, targets, probed=False))


@pytest.mark.parametrize("rule", [one for one in router.RULES if "traffic" in one])
async def test_our_proxies_keep_the_rules_about_traffic_when_they_are_probed(
    rule: str, targets: tuple[Target, ...], state_dir: Path, make_rollout: MakeRollout
) -> None:
    await router.check(rule, router_case(state_dir, make_rollout, targets, probed=True))
