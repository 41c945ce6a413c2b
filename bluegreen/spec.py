"""What the user declares: a Rollout and its parts.

Frozen, validated and defaulted once, self-contained: nothing here is looked up later. Defaults are Argo Rollouts' own;
names are those of the manifest, in Python's spelling. Every number of seconds says so in its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType, TypeAlias

from attrs import evolve, field, frozen

from bluegreen.errors import Problem, SpecError

if TYPE_CHECKING:
    from bluegreen.gates import Gate

RevisionId = NewType("RevisionId", str)
"""The name of one revision of the pod template, as the workloads adapter gives it (on Kubernetes the template's
hash)."""

JSON: TypeAlias = Any
"""A JSON value. Values inside a frozen object are never changed in place."""


class OnFailure(StrEnum):
    """What follows when a post-promotion gate says no: take traffic back, or stop where it is and keep both."""

    ROLLBACK = "rollback"
    FREEZE = "freeze"


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


@frozen
class LocalSpec:
    """What a single machine needs to know beyond a cluster's manifest.

    `command` runs a replica when the container names none; `listen` gives a Service its address, `host:port`.
    """

    command: tuple[str, ...] = ()
    listen: Mapping[str, str] = field(factory=dict[str, str])


@frozen
class RolloutPolicy:
    """All that Argo's Rollout cannot say (`bluegreen.dev/v1alpha1 RolloutPolicy`)."""

    routers: tuple[RouterSpec, ...] = (RouterSpec(),)
    layer_deadline_seconds: int = 120
    settle_seconds: float = 2
    drain_min_seconds: float = 5
    on_failure: OnFailure = OnFailure.ROLLBACK
    local: LocalSpec = LocalSpec()


@frozen
class BlueGreen:
    """Argo's `strategy.blueGreen`: the fields that are about deciding."""

    active_service: str
    preview_service: str = ""
    preview_replica_count: int | None = None
    auto_promotion_enabled: bool = True
    auto_promotion_seconds: int = 0
    scale_down_delay_seconds: int = 30
    """0 retires the previous revision as soon as the rollback window opens."""
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay_seconds: int = 30
    """0 keeps an aborted revision for good, as in Argo."""
    anti_affinity: Mapping[str, JSON] | None = None


@frozen
class ServicePort:
    """One port of a Service. `target_port` is the container's port, by number or by name."""

    port: int
    target_port: int | str
    name: str = ""


@frozen
class Service:
    """A Kubernetes Service, as far as a release is concerned."""

    name: str
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] = field(factory=dict[str, str])


@frozen
class Rollout:
    """One declared rollout, whole and valid.

    Raises `SpecError` with every problem at once when it is not. `template` is the pod template as in the manifest.
    `gates` are gates of your own, asked after those that the manifest declares; they live in code, so only their names
    are stored with the rollout, and a process that does not have them refuses to drive it.
    """

    name: str
    strategy: BlueGreen
    template: Mapping[str, JSON] = field(factory=dict[str, JSON])
    namespace: str = "default"
    replicas: int = 1
    min_ready_seconds: int = 0
    progress_deadline_seconds: int = 600
    progress_deadline_abort: bool = False
    rollback_window_revisions: int | None = None
    revision_history_limit: int = 10
    paused: bool = False
    policy: RolloutPolicy = RolloutPolicy()
    services: tuple[Service, ...] = ()
    gates: tuple[Gate, ...] = ()

    def __attrs_post_init__(self) -> None:
        if found := problems(self):
            raise SpecError(found)

    def with_image(self, image: str, container: str | None = None) -> Rollout:
        """The same rollout with another image on its only container, or on the one named.

        Raises `SpecError` when the template has no such container, or several and none is named.
        """
        containers: list[dict[str, JSON]] = list(self.template.get("spec", {}).get("containers", ()))
        names = [str(one.get("name", "")) for one in containers]
        if container is None and len(containers) == 1:
            container = names[0]
        if container is None or container not in names:
            path = ("spec", "template", "spec", "containers")
            known = ", ".join(names) or "none"
            what = f"no container named {container!r}" if container is not None else "which container's image?"
            raise SpecError([Problem(path, f"{what} The template has: {known}", "name one of them")])
        changed = [{**one, "image": image} if one.get("name", "") == container else one for one in containers]
        template = {**self.template, "spec": {**self.template["spec"], "containers": changed}}
        return evolve(self, template=template)

    def with_template(self, template: Mapping[str, JSON]) -> Rollout:
        """The same rollout with another pod template (an undo, for instance)."""
        return evolve(self, template=template)


_AT_LEAST: Sequence[tuple[tuple[str, ...], int, tuple[str, ...]]] = (
    (("replicas",), 0, ("spec", "replicas")),
    (("min_ready_seconds",), 0, ("spec", "minReadySeconds")),
    (("progress_deadline_seconds",), 1, ("spec", "progressDeadlineSeconds")),
    (("rollback_window_revisions",), 0, ("spec", "rollbackWindow", "revisions")),
    (("revision_history_limit",), 0, ("spec", "revisionHistoryLimit")),
    (("strategy", "preview_replica_count"), 1, ("spec", "strategy", "blueGreen", "previewReplicaCount")),
    (("strategy", "auto_promotion_seconds"), 0, ("spec", "strategy", "blueGreen", "autoPromotionSeconds")),
    (("strategy", "scale_down_delay_seconds"), 0, ("spec", "strategy", "blueGreen", "scaleDownDelaySeconds")),
    (
        ("strategy", "scale_down_delay_revision_limit"),
        0,
        ("spec", "strategy", "blueGreen", "scaleDownDelayRevisionLimit"),
    ),
    (
        ("strategy", "abort_scale_down_delay_seconds"),
        0,
        ("spec", "strategy", "blueGreen", "abortScaleDownDelaySeconds"),
    ),
    (("policy", "layer_deadline_seconds"), 1, ("spec", "policy", "layerDeadlineSeconds")),
    (("policy", "settle_seconds"), 0, ("spec", "policy", "settleSeconds")),
    (("policy", "drain_min_seconds"), 0, ("spec", "policy", "drain", "minSeconds")),
)
"""(attribute, least value, the manifest's path); a None is absent, and always fine."""


def problems(rollout: Rollout) -> list[Problem]:
    """Everything that makes this rollout unusable; empty when it is fine. Never raises."""
    found: list[Problem] = []
    for attributes, least, path in _AT_LEAST:
        value: Any = rollout
        for attribute in attributes:
            value = getattr(value, attribute)
        if value is not None and value < least:
            found.append(Problem(path, f"{value} is too small", f"the least is {least}"))
    return found + _name_problems(rollout) + _relation_problems(rollout)


def _name_problems(rollout: Rollout) -> list[Problem]:
    strategy, found = rollout.strategy, list[Problem]()
    at = ("spec", "strategy", "blueGreen")
    if not rollout.name:
        found.append(Problem(("metadata", "name"), "a rollout needs a name"))
    if not strategy.active_service:
        remedy = "name the Service that carries live traffic"
        found.append(Problem((*at, "activeService"), "activeService is required", remedy))
    elif strategy.active_service == strategy.preview_service:
        message = f"activeService and previewService are both {strategy.active_service!r}"
        found.append(Problem((*at, "previewService"), message, "give the preview a Service of its own, or none"))
    names = [router.name for router in rollout.policy.routers]
    if not names:
        found.append(Problem(("spec", "policy", "routers"), "no router is left", "omit the list for the default"))
    for index, name in enumerate(names):
        if name in names[:index]:
            path = ("spec", "policy", "routers", index, "name")
            found.append(Problem(path, f"two routers are named {name!r}", "name each of them differently"))
    own = [gate.name for gate in rollout.gates]
    if not strategy.auto_promotion_enabled or strategy.auto_promotion_seconds:
        own.append("promotion")  # the pause: a gate of the same name would answer for it
    found += [
        Problem(("gates",), f"two gates are named {name!r}") for name in sorted({n for n in own if own.count(n) > 1})
    ]
    return found


def _relation_problems(rollout: Rollout) -> list[Problem]:
    found: list[Problem] = []
    if rollout.min_ready_seconds >= rollout.progress_deadline_seconds > 0:
        found.append(
            Problem(
                ("spec", "minReadySeconds"),
                f"minReadySeconds ({rollout.min_ready_seconds}) is not below progressDeadlineSeconds "
                f"({rollout.progress_deadline_seconds}), so no revision could ever be available in time",
                "lower it, or raise spec.progressDeadlineSeconds",
            )
        )
    limit = rollout.strategy.scale_down_delay_revision_limit
    if limit is not None and limit > rollout.revision_history_limit:
        found.append(
            Problem(
                ("spec", "strategy", "blueGreen", "scaleDownDelayRevisionLimit"),
                f"{limit} revisions cannot be kept running with a revisionHistoryLimit of "
                f"{rollout.revision_history_limit}",
                "lower it, or raise spec.revisionHistoryLimit",
            )
        )
    return found
