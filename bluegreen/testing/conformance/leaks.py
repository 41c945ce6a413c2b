"""What is left over: tasks and open descriptors (sockets, pipes, files) of this process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/dev/fd"))


def others() -> set[asyncio.Task[object]]:
    """The tasks of this loop, but for the one that asks."""
    return asyncio.all_tasks() - {task for task in (asyncio.current_task(),) if task is not None}


def names(tasks: set[asyncio.Task[object]]) -> str:
    """The tasks in words."""
    return ", ".join(sorted(getattr(task.get_coro(), "__qualname__", task.get_name()) for task in tasks))


async def comes_true(condition: Callable[[], bool], within_s: float) -> bool:
    """Whether the condition holds, within so many seconds: closing a connection takes a few turns of the loop."""
    try:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 (nobody tells when a descriptor is closed)
                await asyncio.sleep(0.01)
    except TimeoutError:
        return condition()
    return True
