"""Small searches: rollouts with few different delays, and nothing that goes wrong unless it is asked for."""

from __future__ import annotations

from typing import Any

from bluegreen.spec import Rollout
from bluegreen.testing.explorer import Scope, Search
from bluegreen.testing.explorer.search import Explored
from tests.support.worlds import rollout

CALM: dict[str, Any] = {
    "crashes": 0,
    "refusals": 0,
    "given_up": 0,
    "blind": 0,
    "outsiders": 0,
    "pod_failures": 0,
    "commands": (),
}


def quick(**fields: Any) -> Rollout:
    """A rollout of one replica on two layers, with delays of half a minute and a minute, or none."""
    delays: dict[str, Any] = {
        "layers": ("edge", "mesh"),
        "replicas": 1,
        "settle_seconds": 0,
        "drain_min_seconds": 0,
        "scale_down_delay_seconds": 30,
        "abort_scale_down_delay_seconds": 30,
        "layer_deadline_seconds": 60,
        "progress_deadline_seconds": 60,
    }
    return rollout("v1", **{**delays, **fields})


def search(declared: Rollout | None = None, *, liveness: bool = True, **bounds: Any) -> Search:
    """A search in which only what is named here goes wrong."""
    return Search(Scope(declared or quick(), **{**CALM, **bounds}), liveness=liveness)


def explored(
    declared: Rollout | None = None, *, limit_states: int | None = None, liveness: bool = True, **bounds: Any
) -> Explored:
    """What such a search finds."""
    return search(declared, liveness=liveness, **bounds).run(limit_states)
