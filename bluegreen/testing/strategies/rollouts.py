"""Rollouts, all fields of them, valid by construction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from bluegreen.spec import JSON, BlueGreen, Rollout, RolloutPolicy, Service, ServicePort
from bluegreen.testing.strategies.analyses import analyses
from bluegreen.testing.strategies.choosing import (
    OWN_FIELDS,
    POLICY_FIELDS,
    STRATEGY_FIELDS,
    Pins,
    first,
    pinned,
)
from bluegreen.testing.strategies.policies import gates, policies

_ACTIVE, _PREVIEW = "shop", "shop-preview"
_AFFINITIES: tuple[Mapping[str, JSON], ...] = (
    {"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 100}},
    {"requiredDuringSchedulingIgnoredDuringExecution": {}},
)


def rollouts(**pins: Any) -> st.SearchStrategy[Rollout]:
    """A rollout that a person could have declared; it shrinks to one in which all is left at its default.

        @given(rollouts(auto_promotion_enabled=False, paused=False, replicas=st.integers(1, 3)))
        def test_nothing_is_promoted_unless_a_person_says_so(rollout: Rollout) -> None:
            trace = simulate(rollout, World.of(rollout, Build("next"), promotes_after_s=None))
            assert not trace.promotions, trace

    A keyword pins a field of `Rollout`, `BlueGreen` or `RolloutPolicy` to a value, or to what a strategy gives. Raises
    `TypeError` for a keyword that is no field. Two pins that cannot be together raise `SpecError`.
    """
    if unknown := sorted(set(pins) - OWN_FIELDS - STRATEGY_FIELDS - POLICY_FIELDS):
        raise TypeError(f"no such field of a rollout: {', '.join(unknown)}")
    own = {name: one for name, one in pins.items() if name in OWN_FIELDS}
    blue_green = _blue_green({name: one for name, one in pins.items() if name in STRATEGY_FIELDS})
    policy = policies({name: one for name, one in pins.items() if name in POLICY_FIELDS})
    return _whole(st.fixed_dictionaries(_own(own)), st.builds(BlueGreen, **blue_green), policy, own)


@st.composite
def _whole(
    draw: st.DrawFn,
    own: st.SearchStrategy[dict[str, Any]],
    blue_green: st.SearchStrategy[BlueGreen],
    policy: st.SearchStrategy[RolloutPolicy],
    pins: Pins,
) -> Rollout:
    strategy, said, fields = draw(blue_green), draw(policy), draw(own)
    if "services" not in pins and draw(st.booleans()):
        fields["services"] = _services(strategy)
    _fit(fields, strategy, pins)
    return Rollout(strategy=strategy, policy=said, **fields)


def _fit(own: dict[str, Any], strategy: BlueGreen, pins: Pins) -> None:
    """What depends on another field follows it, unless it is pinned itself."""
    if own["min_ready_seconds"] >= own["progress_deadline_seconds"]:
        if "min_ready_seconds" in pins:
            own["progress_deadline_seconds"] = own["min_ready_seconds"] + 60
        else:
            own["min_ready_seconds"] = own["progress_deadline_seconds"] - 1
    if (limit := strategy.scale_down_delay_revision_limit) is not None and "revision_history_limit" not in pins:
        own["revision_history_limit"] = max(own["revision_history_limit"], limit)


def _own(pins: Pins) -> dict[str, st.SearchStrategy[Any]]:
    return pinned(
        pins,
        name=st.just("shop"),
        namespace=first("default", "production"),
        template=templates(),
        replicas=first(1, 2, 3, 6),
        min_ready_seconds=first(0, 3, 30),
        progress_deadline_seconds=first(600, 60, 120),
        progress_deadline_abort=st.booleans(),
        rollback_window_revisions=first(None, 0, 1, 3),
        revision_history_limit=first(10, 0, 1, 2),
        successful_run_history_limit=first(5, 0, 1),
        unsuccessful_run_history_limit=first(5, 0, 1),
        paused=st.booleans(),
        services=st.just(()),
        gates=st.lists(gates(), max_size=2, unique_by=lambda gate: gate.name).map(tuple),
    )


def _blue_green(pins: Pins) -> dict[str, st.SearchStrategy[Any]]:
    return pinned(
        pins,
        active_service=st.just(_ACTIVE),
        preview_service=first("", _PREVIEW),
        preview_replica_count=first(None, 1, 2),
        auto_promotion_enabled=first(True, False),
        auto_promotion_seconds=first(0, 5, 60),
        scale_down_delay_seconds=first(30, 0, 5, 600),
        scale_down_delay_revision_limit=first(None, 0, 1),
        abort_scale_down_delay_seconds=first(30, 0, 5, 600),
        anti_affinity=first(None, *_AFFINITIES),
        pre_promotion_analysis=st.none() | analyses(template="before"),
        post_promotion_analysis=st.none() | analyses(template="after"),
    )


def templates() -> st.SearchStrategy[Mapping[str, JSON]]:
    """A pod template: its container, and what a cluster may be told besides."""
    probe = {"readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}}}
    env = {"env": [{"name": "COLOUR", "value": "0"}], "ports": [{"name": "http", "containerPort": 8080}]}
    sidecar = {"name": "proxy", "image": "proxy@sha256:0123456789abcdef"}
    return st.builds(
        lambda more, others: {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {"containers": [{"name": "shop", "image": "shop:v1", **more}, *others]},
        },
        first({}, probe, env),
        first([], [sidecar]),
    )


def _services(strategy: BlueGreen) -> tuple[Service, ...]:
    names = [name for name in (strategy.active_service, strategy.preview_service) if name]
    ports = (ServicePort(80, 8080, "web"), ServicePort(443, 8443, "secure"))
    return tuple(Service(name, ports, {"app": "shop"}) for name in names)
