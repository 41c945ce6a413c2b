"""A Rollout, whole and valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from bluegreen.errors import Problem, SpecError
from bluegreen.spec.analysis import Analysis
from bluegreen.spec.policy import RolloutPolicy
from bluegreen.spec.values import JSON

if TYPE_CHECKING:
    from bluegreen.gates import Gate


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
    pre_promotion_analysis: Analysis | None = None
    post_promotion_analysis: Analysis | None = None


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
    successful_run_history_limit: int = 5
    """How many analysis runs of earlier attempts are kept that were successful; likewise those that were not."""
    unsuccessful_run_history_limit: int = 5
    paused: bool = False
    policy: RolloutPolicy = field(factory=RolloutPolicy)
    services: tuple[Service, ...] = ()
    gates: tuple[Gate, ...] = ()

    def __attrs_post_init__(self) -> None:
        from bluegreen.spec.check import problems  # it knows the Rollout, which would know it

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
