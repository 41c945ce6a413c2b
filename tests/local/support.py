"""What the tests of the local backend do again and again, and a client that forgives nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from bluegreen.ports import Backend
from bluegreen.snapshot import RevisionState, Slot, Target
from bluegreen.spec import RevisionId, Rollout

APP = str(Path(__file__).with_name("app.py"))

MakeRollout = Callable[..., Rollout]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 10.0) -> None:
    """Waits until the condition holds; fails when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.05)


async def available(backend: Backend, rollout: Rollout, replicas: int) -> RevisionState:
    """Waits until the rollout's revision has exactly so many available replicas, and returns it."""
    seen: list[RevisionState] = []

    async def there() -> bool:
        state = await backend.workloads.observe(rollout)
        seen[:] = [one for one in state.revisions if one.id == state.template]
        return bool(seen) and seen[0].available == replicas

    await eventually(there)
    return seen[0]


async def start(backend: Backend, rollout: Rollout, replicas: int = 1) -> RevisionState:
    """The rollout's revision, with so many available replicas, prepared on the layer."""
    revision = (await backend.workloads.observe(rollout)).template
    await backend.workloads.ensure(rollout, revision, replicas)
    state = await available(backend, rollout, replicas)
    held = (await backend.routers[0].observe()).prepared or frozenset()
    others = {one for one in held if one.revision != revision}
    await backend.routers[0].prepare({*others, Target(revision, state.addresses)})
    return state


async def point(backend: Backend, revision: RevisionId, slot: Slot = Slot.ACTIVE) -> None:
    """Points the slot at the revision, whatever it shows now."""
    state = await backend.routers[0].observe()
    await backend.routers[0].point(slot, revision, if_version=state.token(slot))


def active_url(rollout: Rollout, path: str = "/") -> str:
    """Where live traffic goes."""
    return f"http://{rollout.policy.local.listen['shop']}{path}"
