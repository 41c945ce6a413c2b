"""The rules that keep a stalled twin harmless, each taken out of the real code."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from bluegreen.decide.plan import Plan
from bluegreen.record import Write
from tests.support.plants import plant


@contextmanager
def no_fence() -> Generator[None]:
    """A traffic write that is saved and not seen to have ended is forgotten."""
    pending = Plan.pending

    def only_revisions(plan: Plan, kind: str, name: str) -> bool:
        return kind != "layer" and pending(plan, kind, name)

    with patch.object(Plan, "pending", only_revisions), patch.object(Plan, "pending_layers", lambda _: False):
        yield


def intents_replaced() -> AbstractContextManager[Any]:
    """The next write of a layer takes the place of the one before: a layer that is where it should be has none."""

    def end_pending(original: Callable[..., None], plan: Plan, name: str, state: Any) -> None:
        original(plan, name, state)
        plan.remember(outstanding=tuple(one for one in plan.record.outstanding if one.object != f"layer:{name}"))

    return plant("traffic.end_pending", end_pending)


@contextmanager
def no_wfence() -> Generator[None]:
    """A scale-down that is saved and not seen to have ended is forgotten."""
    pending = Plan.pending

    def only_layers(plan: Plan, kind: str, name: str) -> bool:
        return kind == "layer" and pending(plan, kind, name)

    def outstanding(plan: Plan, write: Write) -> None:
        if write.object.startswith("layer:"):
            plan.remember(outstanding=tuple(dict.fromkeys((*plan.record.outstanding, write))))

    with patch.object(Plan, "pending", only_layers), patch.object(Plan, "_outstanding", outstanding):
        yield


def retry_at_any_time() -> AbstractContextManager[Any]:
    """An attempt starts although a traffic write of the last one may still land."""

    def follow_template(original: Callable[[Plan], bool], plan: Plan) -> bool:
        with patch.object(Plan, "pending_layers", lambda _: False):
            return original(plan)

    return plant("attempts.follow_template", follow_template)
