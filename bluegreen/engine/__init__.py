"""One rollout: observe, decide, save, act, wait; again."""

from __future__ import annotations

from bluegreen.engine.driver import Step
from bluegreen.engine.engine import Engine

__all__ = ["Engine", "Step"]
