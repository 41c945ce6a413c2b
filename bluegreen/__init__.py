"""Blue-green releases as a library: a declared rollout, a look at the world, the next safe step.

    async with memory.connect(rollout) as backend, Engine(rollout, backend) as engine:
        revision = await engine.apply(rollout.with_image("shop:v2"))
        await engine.promote(revision, by="ann")
        await engine.wait_for(Healthy)

The names here are the public ones; adapters live in `bluegreen.backends`, tools for tests in `bluegreen.testing`.
"""

from __future__ import annotations

from bluegreen.decide import Decision, decide
from bluegreen.engine import Engine
from bluegreen.gates import Gate
from bluegreen.ports import Backend, Records, Router, Workloads
from bluegreen.record import Degraded, Healthy, Paused, Phase, Progressing, Promoting, Record
from bluegreen.snapshot import RouterState, Slot, Snapshot, Target
from bluegreen.spec import RevisionId, Rollout

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
]
