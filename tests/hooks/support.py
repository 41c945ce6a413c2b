"""What the tests of hooks share: keys, hooks, and waiting for what becomes of them."""

import asyncio
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bluegreen.ports import Hooks
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import RevisionId

RELEASE = {
    "rollout": "shop",
    "namespace": "default",
    "revision": "bbb",
    "stable": "aaa",
    "attempt": 2,
    "hook": "beforePreview/migrate",
}


def key(run: str = "beforePreview/migrate", number: int = 0, attempt: int = 2) -> Key:
    """The key of one step."""
    return Key(RevisionId("bbb"), attempt, run, number=number)


def shell(script: str, **more: Any) -> dict[str, Any]:
    """A command hook that runs a line of shell."""
    return {"kind": "command", "argv": ["sh", "-c", script], "release": RELEASE, **more}


def marking(file: Path, then: str = "") -> dict[str, Any]:
    """A command hook that appends a line to a file, so that it can be counted how often it ran."""
    return shell(f"echo ran >> {shlex.quote(str(file))}; {then}")


async def outcome(hooks: Hooks, key: Key, within_s: float = 20) -> Outcome:
    """What becomes of a step that was started."""
    async with asyncio.timeout(within_s):
        while (ended := await hooks.poll(key)) is None:
            await asyncio.sleep(0.02)
    return ended


async def run(hooks: Hooks, hook: Mapping[str, Any], under: Key | None = None) -> Outcome:
    """Starts a step, and waits for what becomes of it."""
    under = under or key()
    await hooks.start(under, hook)
    return await outcome(hooks, under)


def times_run(file: Path) -> int:
    """How often a marking hook ran."""
    return len(file.read_text().splitlines()) if file.exists() else 0


def files_below(folder: Path) -> dict[Path, str]:
    """Every file, and what is in it."""
    return {path: path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()}


def mark_of(folder: Path) -> dict[str, Any]:
    """The only mark below a folder."""
    (path,) = folder.rglob("begun")
    mark: dict[str, Any] = json.loads(path.read_text())
    return mark
