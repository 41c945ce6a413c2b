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
    """A traffic write that is saved is forgotten at once: whether it may still land is not asked."""
    with _remembered_only("revision:"):
        yield


def intents_replaced() -> AbstractContextManager[Any]:
    """The next write of a layer takes the place of the one before: once it is saved, the earlier one is forgotten."""

    def end_pending(original: Callable[..., None], plan: Plan, name: str, state: Any) -> None:
        original(plan, name, state)
        plan.remember(outstanding=tuple(one for one in plan.record.outstanding if one.object != f"layer:{name}"))

    return plant("traffic.end_pending", end_pending)


@contextmanager
def no_wfence() -> Generator[None]:
    """A scale-down that is saved is forgotten at once."""
    with _remembered_only("layer:"):
        yield


@contextmanager
def _remembered_only(kind: str) -> Generator[None]:
    def outstanding(plan: Plan, write: Write) -> None:
        if write.object.startswith(kind):
            plan.remember(outstanding=tuple(dict.fromkeys((*plan.record.outstanding, write))))

    with patch.object(Plan, "_outstanding", outstanding):
        yield


def retry_at_any_time() -> AbstractContextManager[Any]:
    """An attempt starts although a traffic write of the last one may still land."""

    def follow_template(original: Callable[[Plan], bool], plan: Plan) -> bool:
        with patch.object(Plan, "pending_layers", lambda _: False):
            return original(plan)

    return plant("attempts.follow_template", follow_template)
