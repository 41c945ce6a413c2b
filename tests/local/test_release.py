"""A release on one machine, under load that forgives nothing: the engine, real processes, real proxies."""

import asyncio
import time
from pathlib import Path

import pytest

from bluegreen.backends import local
from bluegreen.backends.local.process import alive
from bluegreen.backends.local.store import Store
from bluegreen.engine import Engine
from bluegreen.record import Healthy
from tests.local.support import MakeRollout, active_url, eventually, point, start
from tests.support.load import load

pytestmark = pytest.mark.real


async def test_a_release_drops_no_request_and_retires_the_old_revision(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    first, second = make_rollout("v1", replicas=2), make_rollout("v2", replicas=2)
    async with local.connect(first, state_dir=state_dir) as backend, Engine(first, backend) as engine:
        await engine.wait_for(Healthy, timeout_s=15)
        old = (await backend.workloads.observe(first)).template
        async with load(active_url(first), per_s=150) as seen:
            await asyncio.sleep(0.3)
            await engine.apply(second)
            await engine.wait_for(Healthy, timeout_s=15)

            async def retired() -> bool:
                state = await backend.workloads.observe(second)
                return not any(one.replicas or one.reasons for one in state.revisions if one.id == old)

            await eventually(retired)
            await asyncio.sleep(0.3)
        assert seen.failed == []
        assert seen.bodies["v1"] > 20
        assert seen.bodies["v2"] > 20
        store = Store(local.place(state_dir, "shop"))
        assert {row.revision for row in store.replicas()} == {(await backend.workloads.observe(second)).template}
        store.close()


async def test_thirty_switches_in_a_row_fail_no_request(state_dir: Path, make_rollout: MakeRollout) -> None:
    """Twice as many clients as a polite one would need: each POST that is lost is counted."""
    first, second = make_rollout("v1"), make_rollout("v2")
    async with local.connect(first, state_dir=state_dir) as backend:
        one, other = await start(backend, first), await start(backend, second)
        await point(backend, one.id)
        async with load(active_url(first), per_s=300, connections=20) as seen:
            for _ in range(15):
                await point(backend, other.id)
                await asyncio.sleep(0.05)
                await point(backend, one.id)
                await asyncio.sleep(0.05)
        assert seen.failed == []
        assert min(seen.bodies["v1"], seen.bodies["v2"]) > 50


async def test_everything_outlives_the_driver_and_the_next_one_goes_on(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    rollout = make_rollout("v1", replicas=2)
    async with local.connect(rollout, state_dir=state_dir) as backend, Engine(rollout, backend) as engine:
        await engine.wait_for(Healthy, timeout_s=15)
    store = Store(local.place(state_dir, "shop"))
    before = {row.number: row.process for row in store.replicas()}
    assert len(before) == 2
    assert all(one and alive(one) for one in before.values())
    async with load(active_url(rollout), per_s=150) as seen:
        await asyncio.sleep(0.2)
        async with local.connect(rollout, state_dir=state_dir) as backend, Engine(rollout, backend) as engine:
            await engine.wait_for(Healthy, timeout_s=15)
            await asyncio.sleep(0.5)
            assert {row.number: row.process for row in store.replicas()} == before
    assert seen.failed == []
    assert seen.bodies["v1"] > 20
    store.close()


async def test_delete_stops_everything_and_leaves_no_trace(state_dir: Path, make_rollout: MakeRollout) -> None:
    rollout = make_rollout("v1")
    async with local.connect(rollout, state_dir=state_dir) as backend:
        await start(backend, rollout)
        with pytest.raises(local.DriverBusy, match=r"driven by process \d+"):
            await local.delete(state_dir, "shop")
    where = local.place(state_dir, "shop")
    assert local.list_rollouts(state_dir) == [where]
    store = Store(where)
    process = store.replicas()[0].process
    store.close()
    began = time.monotonic()
    await local.delete(state_dir, "shop")
    assert time.monotonic() - began < 5
    assert process is not None
    assert not alive(process)
    assert local.list_rollouts(state_dir) == []
    assert not where.folder.exists()
    host, port = rollout.policy.local.listen["shop"].split(":")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))
    await local.delete(state_dir, "shop")
