"""Blue-green releases as a library: a declared rollout, a look at the world, the next safe step.

    async with memory.connect(rollout) as backend, Engine(rollout, backend) as engine:
        revision = await engine.apply(rollout.with_image("shop:v2"))
        await engine.promote(revision, by="ann")
        await engine.wait_for(Healthy)

The names here are the public ones; adapters live in `bluegreen.backends`, tools for tests in `bluegreen.testing`. The
engine and the manifests are imported when first used: whoever only decides loads neither an event loop nor a parser.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bluegreen.decide import Decision, decide
from bluegreen.gates import Gate
from bluegreen.ports import Backend, Records, Router, Workloads
from bluegreen.record import Degraded, Healthy, Paused, Phase, Progressing, Promoting, Record
from bluegreen.snapshot import RouterState, Slot, Snapshot, Target
from bluegreen.spec import RevisionId, Rollout

if TYPE_CHECKING:
    from bluegreen.engine import Engine
    from bluegreen.manifests import load_all
    from bluegreen.manifests import load_path as load

__all__ = [
    "Backend",
    "Decision",
    "Degraded",
    "Engine",
    "Gate",
    "Healthy",
    "Paused",
    "Phase",
    "Progressing",
    "Promoting",
    "Record",
    "Records",
    "RevisionId",
    "Rollout",
    "Router",
    "RouterState",
    "Slot",
    "Snapshot",
    "Target",
    "Workloads",
    "decide",
    "load",
    "load_all",
]

_LAZY = {
    "Engine": ("bluegreen.engine", "Engine"),
    "load": ("bluegreen.manifests", "load_path"),
    "load_all": ("bluegreen.manifests", "load_all"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'bluegreen' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    value = globals()[name] = getattr(import_module(module), attribute)
    return value
