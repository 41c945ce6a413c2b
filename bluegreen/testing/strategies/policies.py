"""Policies: layers, hooks, deadlines, and gates of one's own."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bluegreen.gates import ClockGate, Gate, ManualGate, Stage
from bluegreen.spec import (
    Hook,
    HookPoint,
    LocalSpec,
    OnDeadline,
    OnFailure,
    ProbeSpec,
    RolloutPolicy,
    RouterSpec,
    SecretKeyRef,
)
from bluegreen.testing.strategies.choosing import Pins, first, pinned

LAYERS = (
    RouterSpec(),
    RouterSpec("service", "edge", probe=ProbeSpec("http://127.0.0.1:8080/healthz")),
    RouterSpec("istio", "mesh", {"virtualService": {"name": "shop"}}, ProbeSpec("http://mesh.test/", "X-Build")),
    RouterSpec("haproxy", "haproxy"),
)
"""Layers that are drawn, the simplest first."""


def routers(most: int = 3) -> st.SearchStrategy[tuple[RouterSpec, ...]]:
    """From one layer to three."""
    return first(*(LAYERS[at : at + size] for size in range(1, most + 1) for at in range(len(LAYERS) - size + 1)))


@st.composite
def hooks(draw: st.DrawFn) -> Hook:
    """A step beside the release, a command or a webhook, at any of its points."""
    point = draw(first(*HookPoint))
    late = [one for one in OnDeadline if not (one is OnDeadline.HOLD and point is HookPoint.ON_ABORT)]
    plain: dict[str, Any] = {"argv": ["migrate", "--once"]}
    asked: dict[str, Any] = {"url": "http://steps.test/"}
    ref = SecretKeyRef("steps", "key")
    kind, options, secrets = draw(
        first(
            ("command", plain, {}),
            ("command", {**plain, "env": {"MODE": "fast", "KEY": "{{args.KEY}}"}}, {"KEY": ref}),
            ("webhook", asked, {}),
            ("webhook", {**asked, "headers": {"X-Key": "{{args.X_Key}}"}, "body": {"go": 1}}, {"X_Key": ref}),
        )
    )
    name = draw(first("migrate", "announce"))
    return Hook(name, point, kind, options, secrets, draw(first(600, 5, 60)), draw(first(*late)))


def gates() -> st.SearchStrategy[Gate]:
    """A gate of one's own that waits for a person, or for a while; at any stage."""
    manual = st.builds(
        ManualGate, first("signed off", "watched"), first(*Stage), first(None, 10, 300), first(*OnDeadline)
    )
    clock = st.builds(ClockGate, first(5, 0, 60), st.just("soaked"), first(*Stage))
    return manual | clock


def policies(pins: Pins | None = None) -> st.SearchStrategy[RolloutPolicy]:
    """All that a RolloutPolicy says of a release."""
    fields = pinned(
        pins or {},
        routers=routers(),
        layer_deadline_seconds=first(120, 10, 30),
        settle_seconds=first(2, 0, 0.5, 10),
        drain_min_seconds=first(5, 0, 1, 30),
        on_failure=first(*OnFailure),
        hooks=st.lists(hooks(), max_size=3, unique_by=lambda one: (one.point, one.name)).map(_by_point),
        local=first(
            LocalSpec(),
            LocalSpec(
                ("python", "app.py"), {"shop": "127.0.0.1:8080"}, {"prometheus.monitoring:9090": "127.0.0.1:9090"}
            ),
        ),
    )
    return st.builds(RolloutPolicy, **fields)


def _by_point(hooks: list[Hook]) -> tuple[Hook, ...]:
    """In the order that a manifest has them."""
    return tuple(sorted(hooks, key=lambda one: list(HookPoint).index(one.point)))
