"""One rollout: observe, decide, save, act, wait; again."""

from __future__ import annotations

from bluegreen.engine.engine import Engine, Step

__all__ = ["Engine", "Step"]
