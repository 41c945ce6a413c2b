"""The layer: what it shows, its tokens, and what happens when a proxy dies."""

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bluegreen.backends import local
from bluegreen.backends.local.caddy import Caddy
from bluegreen.backends.local.proxy import Proxies
from bluegreen.errors import BackendError, Conflict, PermanentBackendError
from bluegreen.ports import Backend
from bluegreen.snapshot import NOTHING, Foreign, Slot, Target
from bluegreen.spec import RevisionId
from tests.local.support import MakeRollout, active_url, eventually, free_port, point, start

pytestmark = pytest.mark.real


async def test_a_layer_that_points_at_nothing_answers_503(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession
) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await backend.routers[0].observe()
        assert (state.active, state.preview, state.prepared) == (NOTHING, NOTHING, frozenset())
        async with http.get(active_url(rollout)) as reply:
            assert reply.status == 503
            assert local.MARKER_HEADER not in reply.headers
            assert "no revision is pointed at yet" in await reply.text()


async def test_each_slot_is_led_to_its_own_revision_and_says_which(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession
) -> None:
    first, second = make_rollout("v1"), make_rollout("v2")
    async with local.connect(first, state_dir=state_dir) as backend:
        old, new = await start(backend, first), await start(backend, second)
        await point(backend, old.id)
        await point(backend, new.id, Slot.PREVIEW)
        async with http.get(active_url(first)) as reply:
            assert (await reply.text(), reply.headers[local.MARKER_HEADER]) == ("v1", old.id)
        async with http.get(f"http://{first.policy.local.listen['shop-preview']}/") as reply:
            assert (await reply.text(), reply.headers[local.MARKER_HEADER]) == ("v2", new.id)
        async with http.get(active_url(first, "/headers"), headers={"Host": "shop.example"}) as reply:
            head = (await reply.text()).splitlines()
        assert "Host: shop.example" in head
        assert "X-Forwarded-For: 127.0.0.1" in head


async def test_every_write_changes_the_token_and_a_stale_one_changes_nothing(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        router, tokens = backend.routers[0], list[str]()
        for _ in range(4):
            tokens.append((await router.observe()).version)
            await router.point(Slot.ACTIVE, state.id, if_version=tokens[-1])
        tokens.append((await router.observe()).version)
        assert len(set(tokens)) == 5
        for stale in tokens[:-1]:
            with pytest.raises(Conflict):
                await router.point(Slot.PREVIEW, state.id, if_version=stale)
        assert (await router.observe()).version == tokens[-1]
        assert (await router.observe()).preview == NOTHING


async def test_of_two_writers_with_the_same_token_one_wins(state_dir: Path, make_rollout: MakeRollout) -> None:
    first, second = make_rollout("v1"), make_rollout("v2")
    async with local.connect(first, state_dir=state_dir) as backend:
        old, new = await start(backend, first), await start(backend, second)
        router = backend.routers[0]
        version = (await router.observe()).version
        writes = [router.point(Slot.ACTIVE, one.id, if_version=version) for one in (old, new)]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(one) for one in results] == [type(None), Conflict]
        assert (await router.observe()).active == old.id


async def test_preparing_keeps_what_a_slot_shows_and_nothing_else(state_dir: Path, make_rollout: MakeRollout) -> None:
    first, second = make_rollout("v1"), make_rollout("v2")
    async with local.connect(first, state_dir=state_dir) as backend:
        old, new = await start(backend, first), await start(backend, second)
        router = backend.routers[0]
        await point(backend, old.id)
        both = frozenset({Target(old.id, old.addresses), Target(new.id, new.addresses)})
        assert (await router.observe()).prepared == both
        before = (await router.observe()).version
        await router.prepare(both)
        assert (await router.observe()).version == before, "what is so already is left alone"
        await router.prepare([])
        assert (await router.observe()).prepared == frozenset({Target(old.id, old.addresses)})
        with pytest.raises(BackendError, match="not prepared"):
            await point(backend, new.id)


async def test_a_proxy_edited_by_hand_shows_something_foreign_and_can_be_taken_back(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession
) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        await point(backend, state.id)
        before = (await backend.routers[0].observe()).version
        proxies = Proxies(local.place(state_dir, "shop").folder)
        live = proxies.backs[proxies.live()]
        config, version = await live.config()
        config["apps"]["http"]["servers"]["active"]["routes"][0]["handle"] = [{"handler": "static_response"}]
        await live.replace(config, if_match=version)
        await proxies.close()
        with pytest.raises(Conflict):
            await backend.routers[0].point(Slot.ACTIVE, state.id, if_version=before)
        seen = await backend.routers[0].observe()
        assert isinstance(seen.active, Foreign)
        await point(backend, state.id)
        assert (await backend.routers[0].observe()).active == state.id
        async with http.get(active_url(rollout)) as reply:
            assert await reply.text() == "v1"


@pytest.mark.parametrize("which", ["front", "live", "idle"])
async def test_a_killed_proxy_is_started_again_as_it_was(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession, which: str
) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        await point(backend, state.id)
        before = await backend.routers[0].observe()
        folder = local.place(state_dir, "shop").folder
        proxies = Proxies(folder)
        idle = next(name for name in ("a", "b") if name != proxies.live())
        victim = {"front": proxies.front, "live": proxies.backs[proxies.live()], "idle": proxies.backs[idle]}[which]
        killed = victim.running()
        assert killed is not None
        os.kill(killed.pid, signal.SIGKILL)
        await asyncio.sleep(0.05)
        if which == "live":  # a new request waits for it, and is answered
            async with http.get(active_url(rollout)) as reply:
                assert await reply.text() == "v1"
        await eventually(lambda: _again(backend, victim))
        assert victim.running() not in (None, killed)
        after = await backend.routers[0].observe()
        assert (after.active, after.preview, after.prepared) == (before.active, before.preview, before.prepared)
        if which == "live":
            assert after.version != before.version, "a token never repeats"
        async with http.get(active_url(rollout)) as reply:
            assert await reply.text() == "v1"
        await point(backend, state.id)
        await proxies.close()


async def _again(backend: Backend, caddy: Caddy) -> bool:
    try:
        return caddy.running() is not None and bool(await backend.routers[0].observe())
    except BackendError:
        return False


async def test_all_proxies_killed_while_nobody_drives_come_back_with_the_next_driver(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession
) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        await point(backend, state.id)
    proxies = Proxies(local.place(state_dir, "shop").folder)
    for caddy in (proxies.front, *proxies.backs.values()):
        running = caddy.running()
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
    await proxies.close()
    async with local.connect(rollout, state_dir=state_dir, drive=False) as backend:
        with pytest.raises(BackendError, match="does not answer"):
            await backend.routers[0].observe()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        assert (await backend.routers[0].observe()).active == state.id
        async with http.get(active_url(rollout)) as reply:
            assert await reply.text() == "v1"


async def test_a_proxy_that_starts_again_leads_to_no_port_that_a_replica_has_lost(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession
) -> None:
    rollout = make_rollout()
    folder = local.place(state_dir, "shop").folder
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        stranger = f"127.0.0.1:{free_port()}"
        await backend.routers[0].prepare([Target(state.id, (stranger,))])
        await point(backend, state.id)
        proxies = Proxies(folder)
        live = proxies.backs[proxies.live()]
        before = live.running()
        assert before is not None
        os.kill(before.pid, signal.SIGKILL)

        async def again() -> bool:
            return live.running() not in (None, before)

        await eventually(again)
        await proxies.close()
        seen = await backend.routers[0].observe()
        assert (seen.active, seen.prepared) == (state.id, frozenset({Target(state.id, ())}))
        async with http.get(active_url(rollout)) as reply:
            assert reply.status == 503


async def test_who_does_not_drive_looks_and_changes_nothing(state_dir: Path, make_rollout: MakeRollout) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as driver:
        state = await start(driver, rollout)
        async with local.connect(rollout, state_dir=state_dir, drive=False) as reader:
            seen = await reader.routers[0].observe()
            assert seen.prepared == frozenset({Target(state.id, state.addresses)})
            with pytest.raises(BackendError, match="only the process that drives"):
                await reader.routers[0].point(Slot.ACTIVE, state.id, if_version=seen.version)
        with pytest.raises(local.DriverBusy, match="driven by process"):
            async with local.connect(rollout, state_dir=state_dir):
                pass


async def test_an_address_that_is_taken_is_said_before_anything_starts(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    rollout = make_rollout()
    host, port = rollout.policy.local.listen["shop"].split(":")
    refused = pytest.raises(PermanentBackendError, match=r"cannot listen on .* in use .*spec\.local\.listen")
    with socket.create_server((host, int(port))), refused:
        async with local.connect(rollout, state_dir=state_dir):
            pass
    assert Caddy(local.place(state_dir, "shop").folder / "a").running() is None


async def test_a_layer_tells_of_a_change_within_a_second(state_dir: Path, make_rollout: MakeRollout) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        await backend.routers[0].observe()
        waiting = asyncio.create_task(backend.routers[0].changed())  # type: ignore[attr-defined]
        await asyncio.sleep(1.3)
        assert not waiting.done(), "nothing has changed yet"
        await backend.routers[0].prepare([Target(RevisionId("other"), state.addresses)])
        began = time.monotonic()
        await asyncio.wait_for(waiting, 3)
        assert time.monotonic() - began < 1.3


async def test_a_folder_with_a_very_long_name_is_no_obstacle(tmp_path: Path, make_rollout: MakeRollout) -> None:
    """A unix socket's address has 108 letters."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    rollout = make_rollout()
    try:
        async with local.connect(rollout, state_dir=deep) as backend:
            assert (await backend.routers[0].observe()).active == NOTHING
    finally:
        await local.delete(deep, "shop")


async def test_a_replica_that_is_not_there_is_passed_over(
    state_dir: Path, make_rollout: MakeRollout, http: ClientSession
) -> None:
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        state = await start(backend, rollout)
        gone = f"127.0.0.1:{free_port()}"
        await backend.routers[0].prepare([Target(state.id, tuple(sorted((gone, *state.addresses))))])
        await point(backend, state.id)
        for _ in range(6):
            async with http.post(active_url(rollout), data=b"x") as reply:
                assert reply.status == 200


async def test_a_proxy_is_not_changed_while_a_request_on_its_way_to_it_is_unread(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    """On a busy machine a connection may stay unread for long; a change then would close it without an answer."""
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        seen = await start(backend, rollout)
        await point(backend, seen.id)
        folder = local.place(state_dir, "shop").folder
        reader, writer = await asyncio.open_unix_connection(folder / "live" / "active.sock")
        await point(backend, seen.id)  # the other back serves now, and this one is changed next
        changing = asyncio.create_task(point(backend, seen.id))
        await asyncio.sleep(0.5)
        assert not changing.done()
        writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), timeout=5)
        assert answer.startswith(b"HTTP/1.1 200")
        await asyncio.wait_for(changing, timeout=5)
        writer.close()


async def test_no_two_configurations_share_a_socket(state_dir: Path, make_rollout: MakeRollout) -> None:
    """What is left of a replaced configuration would take a request from the socket, and close it unanswered."""
    rollout = make_rollout()
    async with local.connect(rollout, state_dir=state_dir) as backend:
        seen = await start(backend, rollout)
        live = local.place(state_dir, "shop").folder / "live"
        led: list[str] = []
        for _ in range(5):
            await point(backend, seen.id)
            led.append(os.readlink(live))
            assert (live / "active.sock").is_socket()
        assert len(set(led)) == 5
        kept = [one for one in live.resolve().parent.iterdir() if one.is_dir() and not one.is_symlink()]
        assert len(kept) <= 2, "those of long ago are gone"
