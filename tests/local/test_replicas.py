"""Replicas: started, probed, started again, adopted, stopped."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bluegreen.backends import local
from bluegreen.backends.local.process import MARKER, Process, adopt, alive, spawn
from bluegreen.backends.local.replicas import backoff_s
from bluegreen.backends.local.store import ReplicaRow, Store
from bluegreen.errors import Conflict, PermanentBackendError
from bluegreen.snapshot import Target
from tests.local.support import MakeRollout, active_url, available, eventually, point, start

pytestmark = pytest.mark.real


def rows(state_dir: Path) -> list[ReplicaRow]:
    """The replicas as the database has them."""
    store = Store(local.place(state_dir, "shop"))
    try:
        return store.replicas()
    finally:
        store.close()


async def test_a_killed_replica_comes_back_on_a_new_port_and_the_others_stay(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    rollout = make_rollout(replicas=3)
    async with local.connect(rollout, state_dir=state_dir) as backend:
        before = await start(backend, rollout, 3)
        victim, *others = rows(state_dir)
        os.kill(victim.pid, signal.SIGKILL)

        async def noticed() -> bool:
            return rows(state_dir)[0].pid not in (0, victim.pid)

        await eventually(noticed)
        after = await available(backend, rollout, 3)
        assert len(set(before.addresses) - set(after.addresses)) == 1
        assert len(set(before.addresses) & set(after.addresses)) == 2
        assert [row.process for row in rows(state_dir)[1:]] == [row.process for row in others]
        assert rows(state_dir)[0].crashes == 1


async def test_a_crash_loop_says_how_it_ends_when_it_goes_on_and_its_last_words(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    script = "echo no database; exit 3"
    rollout = make_rollout(container={"command": ["sh", "-c", script]})
    async with local.connect(rollout, state_dir=state_dir) as backend:
        revision = (await backend.workloads.observe(rollout)).template
        await backend.workloads.ensure(rollout, revision, 1)

        async def looping() -> bool:
            return rows(state_dir)[0].crashes >= 3

        await eventually(looping)
        [reason] = (await backend.workloads.observe(rollout)).revisions[0].reasons
        assert reason.startswith("replica 1 crash loop: exited 3, 3 times in a row, next start at ")
        assert reason.endswith("; last log line: no database")
        assert (await backend.workloads.observe(rollout)).revisions[0].available == 0


def test_the_back_off_begins_at_once_doubles_and_ends_at_five_minutes() -> None:
    assert [backoff_s(crashes) for crashes in (1, 2, 3, 4, 10, 11, 10_000)] == [0, 1, 2, 4, 256, 300, 300]


async def test_a_replica_is_adopted_by_pid_and_start_time_and_a_recycled_pid_is_not(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    rollout = make_rollout(replicas=2)
    async with local.connect(rollout, state_dir=state_dir) as backend:
        await start(backend, rollout, 2)
    store = Store(local.place(state_dir, "shop"))
    kept, replaced = store.replicas()
    # The second replica died, and its pid now belongs to a stranger.
    os.kill(replaced.pid, signal.SIGKILL)
    stranger = spawn(["sleep", "60"], {"PATH": os.environ["PATH"]}, folder="/", log="/dev/null")
    store.update(replaced, pid=stranger.pid)
    try:
        state = (await _observed(state_dir, rollout))[0]
        assert state.addresses == (kept.address,)
        async with local.connect(rollout, state_dir=state_dir) as backend:
            state = await available(backend, rollout, 2)
        assert kept.address in state.addresses
        assert store.replicas()[0].process == kept.process
        assert store.replicas()[1].pid not in (stranger.pid, replaced.pid)
        assert alive(stranger)
    finally:
        os.kill(stranger.pid, signal.SIGKILL)
        store.close()


async def _observed(state_dir: Path, rollout: Any) -> Any:
    async with local.connect(rollout, state_dir=state_dir, drive=False) as backend:
        return (await backend.workloads.observe(rollout)).revisions


async def test_a_replica_whose_pid_was_never_written_down_is_found_again(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    """What is left when the driver is killed between starting a process and saying so."""
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        await start(backend, rollout)
    store = Store(local.place(state_dir, "shop"))
    row = store.replicas()[0]
    store.update(row, pid=0, started="")
    async with local.connect(rollout, state_dir=state_dir) as backend:
        await available(backend, rollout, 1)
    assert store.replicas()[0].process == row.process
    store.close()


async def test_a_replica_sees_its_own_environment_and_nothing_of_the_engines(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "a secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    env = {"PORT": "1", "GREETING": "hello $(VERSION) $(NOBODY)", "PLAIN": "$$(VERSION)"}
    args = ["--listen=$(PORT)", "$(GREETING)", "$$(PORT)"]
    rollout = make_rollout("v7", env=env, container={"args": args, "workingDir": str(tmp_path)})
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        await point(backend, state.id)
        port = state.addresses[0].split(":")[1]
        async with http.get(active_url(rollout, "/env")) as reply:
            seen = json.loads(await reply.text())
        assert set(seen) - {"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"} == {
            *("PATH", "HOME", "LANG", "PORT", "BLUEGREEN_REVISION", "BLUEGREEN_IMAGE", MARKER),
            *("VERSION", "GREETING", "PLAIN"),
        }
        assert seen["PORT"] == port
        assert seen["BLUEGREEN_REVISION"] == state.id
        assert seen["BLUEGREEN_IMAGE"] == "shop:v7"
        assert seen["GREETING"] == "hello v7 $(NOBODY)"
        assert seen["PLAIN"] == "$(VERSION)"
        async with http.get(active_url(rollout, "/me")) as reply:
            me = json.loads(await reply.text())
        assert me["args"] == [f"--listen={port}", "hello v7 $(NOBODY)", "$(PORT)"]
        assert me["folder"] == str(tmp_path)
        assert os.getsid(me["pid"]) == me["pid"]


async def test_a_replica_finishes_its_slow_request_before_it_is_stopped(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession
) -> None:
    """The program dies of SIGTERM at once, so only the wait for its requests can save this one."""
    first, second = make_rollout("v1", env={"ON_TERM": "die"}), make_rollout("v2")
    async with local.connect(first, state_dir=state_dir) as backend:
        old, new = await start(backend, first), await start(backend, second)
        await point(backend, old.id)
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(_status(http, active_url(first, "/slow/2")))
            await asyncio.sleep(0.3)
            await point(backend, new.id)
            assert not (await backend.routers[0].observe()).drained
            await backend.workloads.retire(old.id, if_version=old.version)
            await backend.routers[0].prepare([Target(new.id, new.addresses)])
            assert (await backend.workloads.observe(first)).revisions[0].addresses == ()
        assert slow.result() == 200
        await eventually(lambda: _gone(state_dir, old.id))
        assert (await backend.routers[0].observe()).drained


async def test_stopping_is_pre_stop_then_sigterm_then_sigkill_for_the_whole_session(
    state_dir: Path, make_rollout: MakeRollout, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "echo preStop $(VERSION) >> " + str(said)]}}}
    script = f"trap 'echo SIGTERM >> {said}' TERM; sleep 300 & while true; do sleep 0.1; done"
    rollout = make_rollout(
        pod={"terminationGracePeriodSeconds": 1},
        container={
            "command": ["sh", "-c", script],
            "lifecycle": hook,
            "readinessProbe": {"exec": {"command": ["true"]}},
        },
    )
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        await backend.routers[0].prepare([])
        process = rows(state_dir)[0].process
        assert process is not None
        began = time.monotonic()
        await backend.workloads.retire(state.id, if_version=state.version)
        assert time.monotonic() - began < 0.2, "retire does not wait"
        await eventually(lambda: _gone(state_dir, state.id))
        assert said.read_text().split("\n")[:2] == ["preStop v1", "SIGTERM"]
        assert 1.0 <= time.monotonic() - began < 5.0
        assert _session_of(process) == []


async def test_a_driver_that_dies_while_stopping_a_replica_leaves_it_to_the_next(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    rollout = make_rollout(env={"ON_TERM": "ignore"}, pod={"terminationGracePeriodSeconds": 3})
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        await backend.routers[0].prepare([])
        await backend.workloads.retire(state.id, if_version=state.version)
        await asyncio.sleep(0.5)
    [row] = rows(state_dir)
    assert row.leaving
    assert alive(Process(row.pid, row.started))
    async with local.connect(rollout, state_dir=state_dir):
        await eventually(lambda: _gone(state_dir, state.id))
    assert adopt(row.pid) != row.process


async def test_a_ready_replica_is_available_after_min_ready_seconds(state_dir: Path, make_rollout: MakeRollout) -> None:
    rollout = make_rollout(min_ready_seconds=1)
    async with local.connect(rollout, state_dir=state_dir) as backend:
        revision = (await backend.workloads.observe(rollout)).template
        await backend.workloads.ensure(rollout, revision, 1)

        async def ready() -> bool:
            return (await backend.workloads.observe(rollout)).revisions[0].ready == 1

        await eventually(ready)
        began = time.monotonic()
        assert (await backend.workloads.observe(rollout)).revisions[0].available == 0
        assert (await backend.workloads.observe(rollout)).revisions[0].addresses == ()
        await asyncio.wait_for(backend.workloads.changed(), 5)  # type: ignore[attr-defined]
        state = (await backend.workloads.observe(rollout)).revisions[0]
        assert state.available == 1
        assert 0.5 < time.monotonic() - began < 2.0


async def test_a_replica_that_never_gets_ready_says_what_its_probe_saw(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    rollout = make_rollout(env={"SLOW_START_S": "1000"})
    silent = make_rollout("v2", container={"command": ["sleep", "100"], "readinessProbe": None})
    async with local.connect(rollout, state_dir=state_dir) as backend:
        for one in (rollout, silent):
            revision = (await backend.workloads.observe(one)).template
            await backend.workloads.ensure(one, revision, 1)

        async def said() -> bool:
            states = (await backend.workloads.observe(rollout)).revisions
            return all("is not ready" in one.reasons[0] for one in states) and "answered 503" in states[0].reasons[0]

        await eventually(said)
        slow, quiet = (await backend.workloads.observe(rollout)).revisions
        assert slow.reasons[0].startswith("replica 1 is not ready: GET http://127.0.0.1:")
        assert "has to listen on the port that its PORT variable says" in quiet.reasons[0]


async def test_versions_fence_retire_and_forget_and_ensure_never_lowers(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        first = await start(backend, rollout, 2)
        await backend.workloads.ensure(rollout, first.id, 1)
        second = (await backend.workloads.observe(rollout)).revisions[0]
        assert second.replicas == 2
        assert second.version != first.version
        with pytest.raises(Conflict):
            await backend.workloads.retire(first.id, if_version=first.version)
        with pytest.raises(Conflict, match="still has replicas"):
            await backend.workloads.forget(first.id, if_version=second.version)
        await backend.workloads.retire(first.id, if_version=second.version, replicas=5)
        third = (await backend.workloads.observe(rollout)).revisions[0]
        assert third.replicas == 2
        assert third.version != second.version
        await backend.routers[0].prepare([])
        await backend.workloads.retire(first.id, if_version=third.version)
        await eventually(lambda: _gone(state_dir, first.id))
        last = (await backend.workloads.observe(rollout)).revisions[0]
        assert last.template == rollout.template
        assert len(local.replica_logs(local.place(state_dir, "shop"))) == 2
        await backend.workloads.forget(first.id, if_version=last.version)
        await backend.workloads.forget(first.id, if_version=last.version)
        assert (await backend.workloads.observe(rollout)).revisions == ()
        assert local.replica_logs(local.place(state_dir, "shop")) == []


async def test_ordinals_grow_and_are_never_given_twice(state_dir: Path, make_rollout: MakeRollout) -> None:
    first, second = make_rollout("v1"), make_rollout("v2")
    async with local.connect(first, state_dir=state_dir) as backend:
        workloads = backend.workloads
        for one in (first, second):
            await workloads.ensure(one, (await workloads.observe(one)).template, 0)
        old, new = (await workloads.observe(first)).revisions
        assert (old.ordinal, new.ordinal) == (1, 2)
        await workloads.forget(new.id, if_version=new.version)
        await workloads.ensure(second, new.id, 0)
        assert [one.ordinal for one in (await workloads.observe(first)).revisions] == [1, 3]
        with pytest.raises(Conflict, match="the declared template makes another one"):
            await workloads.ensure(first, (await workloads.observe(make_rollout("v3"))).template, 1)
        broken = make_rollout("v4", container={"envFrom": [{"secretRef": {"name": "x"}}]})
        with pytest.raises(PermanentBackendError, match="envFrom"):
            await workloads.ensure(broken, (await workloads.observe(broken)).template, 1)


async def _status(http: ClientSession, url: str) -> int:
    async with http.get(url) as reply:
        await reply.text()
        return reply.status


async def _gone(state_dir: Path, revision: str) -> bool:
    return not any(row.revision == revision for row in rows(state_dir))


def _session_of(process: Process) -> list[str]:
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == process.pid and fields[0] != "Z":
            found.append(path.parent.name)
    return found
