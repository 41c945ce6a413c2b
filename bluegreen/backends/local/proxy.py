"""The proxies of one rollout: a front that never reloads, and two backs that take turns.

Caddy restarts its servers for every change of its configuration, and a restarting server closes connections on which a
request has just arrived: measured at 300 requests a second that nobody tries again, 60 are lost in 100 switches, and
still 16 when each has a connection of its own. So no server that carries traffic is ever changed:

    clients -> front (listens on the Services' addresses; its configuration never changes)
                 -> live/active.sock, live/preview.sock   (a connection for each request)
    live -> a/NONCE    a symbolic link to the sockets of the back that serves; the other back is idle

A change is written to the idle back, under `If-Match`, and then the link is renamed: one atomic write. The back that
served until then finishes what it has in hand.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path

from bluegreen.backends.local import process
from bluegreen.backends.local.caddy import Caddy
from bluegreen.backends.local.process import Process
from bluegreen.backends.local.routes import Routes, back_config, front_config, read_routes
from bluegreen.errors import BackendError, Conflict
from bluegreen.snapshot import Slot
from bluegreen.spec import JSON

log = logging.getLogger("bluegreen")

CHECK_S = 0.2
RETRY_S = 5.0
QUIET_S = 0.05
"""A back that has just stopped serving is left alone for so long: requests on their way still arrive."""
UNREAD_S, POLL_S = 5.0, 0.01


class Proxies:
    """The three proxies of a rollout's folder. Only the driver starts, stops or changes them; anybody may look.

    `running` gives the addresses of the replicas that run: a proxy that starts again leads to no other, for a port that
    a replica has lost may be a stranger's by now.
    """

    def __init__(self, folder: Path, running: Callable[[], Collection[str]] = tuple) -> None:
        self.folder = folder
        self._running = running
        self.front = Caddy(folder / "front")
        self.backs = {name: Caddy(folder / name) for name in ("a", "b")}
        self._known: dict[Path, Process] = {}
        self._writing = asyncio.Lock()
        self._flipped_at = -QUIET_S
        self._seen: dict[str, tuple[JSON, str]] = {}  # by the back's name: its configuration and tag

    async def close(self) -> None:
        """Lets go of them, and leaves them running."""
        for caddy in (self.front, *self.backs.values()):
            await caddy.close()

    # Looking.

    def live(self) -> str:
        """The name of the back that serves."""
        try:
            name = os.readlink(self.folder / "live").partition("/")[0]
        except FileNotFoundError:
            name = ""
        return name if name in self.backs else "a"

    async def read(self) -> tuple[JSON, str]:
        """The configuration of the back that serves, and its tag. Raises `BackendError`."""
        names, looks = list(self.backs), (back.config() for back in self.backs.values())
        self._seen = dict(zip(names, await asyncio.gather(*looks), strict=True))
        return self._seen[self.live()]

    async def in_flight(self) -> dict[str, int]:
        """The number of requests under way, by replica address, through both backs."""
        total: dict[str, int] = {}
        for counts in await asyncio.gather(*(back.in_flight() for back in self.backs.values())):
            for address, count in counts.items():
                total[address] = total.get(address, 0) + count
        return total

    def serving(self) -> bool:
        """The front and the live back are there."""
        return bool(self.front.running() and self.backs[self.live()].running())

    # Changing.

    async def change(self, new: Callable[[Routes], Routes], *, if_version: str | None = None) -> None:
        """Puts changed routes in force, with a new version; once this returns, new requests follow them.

        Raises `Conflict`, changing nothing, when the version is not `if_version` any more.
        """
        async with self._writing:
            serving = self.live()
            idle = next(name for name in self.backs if name != serving)
            # What the last look saw will do, if it is what the caller saw: a switch is one round trip.
            if idle not in self._seen or self._seen.get(serving, (None, None))[1] != if_version:
                await self.read()
            (config, version), (_, idle_version) = self._seen[serving], self._seen.pop(idle)
            if if_version not in (None, version):
                raise Conflict("the proxy's routes changed since they were read")
            routes = new(read_routes(config) or Routes()).renewed()
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(self._flipped_at + QUIET_S - loop.time(), 0))
            await self._all_read(self.backs[idle])
            wanted = back_config(routes, self.backs[idle].tag)
            self._make_room(self.backs[idle], routes.nonce)
            self.backs[idle].keep(wanted)
            _, version_now = await asyncio.gather(
                self.backs[idle].replace(wanted, if_match=idle_version), self.backs[serving].version()
            )
            if version_now != version:
                raise Conflict("the proxy's routes changed since they were read")
            self._flip(idle, routes.nonce)
            self._flipped_at = loop.time()

    async def _all_read(self, back: Caddy) -> None:
        """Returns once every request that was sent to a back is in its hands: changing it then loses none.

        A busy machine may leave a connection unread for long; `UNREAD_S` is the limit.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + UNREAD_S
        while (sent := back.connections()) and loop.time() < deadline:
            if sent <= sum((await back.in_flight()).values()):
                return
            await asyncio.sleep(POLL_S)

    def _make_room(self, back: Caddy, nonce: str) -> None:
        """A folder for the sockets of a back's next configuration; those of the configurations before its last go."""
        last = read_routes(back.kept())
        for folder in back.folder.iterdir():
            if folder.is_dir() and not folder.is_symlink() and folder.name != (last.nonce if last else nonce):
                shutil.rmtree(folder, ignore_errors=True)
        (back.folder / nonce).mkdir(mode=0o700, exist_ok=True)

    def _flip(self, name: str, nonce: str) -> None:
        new = self.folder / "live.new"
        with suppress(FileNotFoundError):
            new.unlink()
        new.symlink_to(f"{name}/{nonce}")
        new.rename(self.folder / "live")

    # Keeping them alive.

    async def start(self, listen: Mapping[Slot, str]) -> None:
        """Adopts the proxies that run, starts those that do not, and brings the front's addresses up to date.

        A back that starts again serves what it served last, under a version of its own. Raises `BackendError`.
        """
        await asyncio.gather(*(self._ensure(back, None) for back in self.backs.values()))
        wanted = front_config(listen)
        await self._ensure(self.front, wanted)
        config, version = await self.front.config()
        if config != wanted:
            await self.front.replace(wanted, if_match=version)
            self.front.keep(wanted)

    async def supervise(self, listen: Mapping[Slot, str]) -> None:
        """For ever: starts again whichever proxy dies."""
        while True:
            await asyncio.sleep(CHECK_S)
            for caddy in (*self.backs.values(), self.front):
                known = self._known.get(caddy.folder)
                if known is not None and process.alive(known):
                    continue
                log.warning("the proxy in %s died, and is started again", caddy.folder)
                try:
                    async with self._writing:
                        await self._ensure(caddy, front_config(listen) if caddy is self.front else None)
                except (BackendError, OSError) as error:
                    log.error("%s", error)
                    await asyncio.sleep(RETRY_S)

    async def _ensure(self, caddy: Caddy, config: Mapping[str, JSON] | None) -> None:
        """Adopts it, or starts it on this configuration (None: a back, on the routes that it had last)."""
        known = self._known.get(caddy.folder)
        if known is not None and not process.alive(known):
            process.exit_code(known)
        running = caddy.running()
        if running is None:
            running = await (self._start_back(caddy) if config is None else self._start_front(config))
        self._known[caddy.folder] = running

    async def _start_front(self, config: Mapping[str, JSON]) -> Process:
        self.front.keep(config)
        return await self.front.start()

    async def _start_back(self, back: Caddy) -> Process:
        """On the routes that it had last, to replicas that still run; if it is the one that serves, it serves again."""
        routes = (read_routes(back.kept()) or Routes()).only(self._running()).renewed()
        self._make_room(back, routes.nonce)
        back.keep(back_config(routes, back.tag))
        running = await back.start()
        if back is self.backs[self.live()]:
            self._flip(self.live(), routes.nonce)
        return running

    async def stop(self, grace_s: float) -> None:
        """Ends all three, the front first, each as soon as what it has in hand is done or the grace period is over."""
        for caddies in ([self.front], list(self.backs.values())):
            running = [one for caddy in caddies if (one := caddy.running())]
            await asyncio.gather(*(process.stop(one, grace_s) for one in running))
