"""What Argo's Rollout cannot say (`bluegreen.dev/v1alpha1 RolloutPolicy`)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from bluegreen.spec.analysis import SecretKeyRef
from bluegreen.spec.values import JSON


class OnFailure(StrEnum):
    """What follows when a post-promotion gate says no: take traffic back, or stop where it is and keep both."""

    ROLLBACK = "rollback"
    FREEZE = "freeze"


class OnDeadline(StrEnum):
    """What happens when a gate has not answered by its deadline."""

    ABORT = "abort"
    CONTINUE = "continue"
    HOLD = "hold"


@frozen
class ProbeSpec:
    """How to see which revision really answers on a layer: a GET of `url`; the answer names it in `header`."""

    url: str
    header: str = "X-Revision"


@frozen
class RouterSpec:
    """One traffic layer. `kind` picks the adapter (`service`, `istio`, ...), `options` are the adapter's own."""

    kind: str = "service"
    name: str = "service"
    options: Mapping[str, JSON] = field(factory=dict[str, JSON])
    probe: ProbeSpec | None = None


class HookPoint(StrEnum):
    """When a hook runs.

    `beforePreview`: before the new revision has any replica. `beforePromotion`: when every gate has said yes, just
    before traffic moves. `afterPromotion`: when all of it has moved. `onAbort`: when the attempt has failed; traffic
    does not wait for it on its way back.
    """

    BEFORE_PREVIEW = "beforePreview"
    BEFORE_PROMOTION = "beforePromotion"
    AFTER_PROMOTION = "afterPromotion"
    ON_ABORT = "onAbort"


@frozen
class Hook:
    """A step beside the release: run once in an attempt, and found again after a crash.

    `options` are those of its `kind`: `command` has `argv` (and may have `env`), `webhook` has `url` (and may have
    `headers` and `body`). `{{args.NAME}}` in them stands for the secret of that name. Without an answer after
    `deadline_seconds` it counts as `on_deadline` says.
    """

    name: str
    point: HookPoint
    kind: str
    options: Mapping[str, JSON] = field(factory=dict[str, JSON])
    secrets: Mapping[str, SecretKeyRef] = field(factory=dict[str, SecretKeyRef])
    deadline_seconds: int = 600
    on_deadline: OnDeadline = OnDeadline.ABORT


@frozen
class LocalSpec:
    """What a single machine needs to know beyond a cluster's manifest.

    `command` runs a replica when the container names none; `listen` gives a Service its address, `host:port`; `hosts`
    says where to find here what metrics are asked of elsewhere: `prometheus.monitoring:9090` to `127.0.0.1:9090`.
    """

    command: tuple[str, ...] = ()
    listen: Mapping[str, str] = field(factory=dict[str, str])
    hosts: Mapping[str, str] = field(factory=dict[str, str])


@frozen
class RolloutPolicy:
    """All that Argo's Rollout cannot say."""

    routers: tuple[RouterSpec, ...] = (RouterSpec(),)
    layer_deadline_seconds: int = 120
    settle_seconds: float = 2
    drain_min_seconds: float = 5
    on_failure: OnFailure = OnFailure.ROLLBACK
    hooks: tuple[Hook, ...] = ()
    local: LocalSpec = LocalSpec()
