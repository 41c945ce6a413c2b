"""Sorting out the fields of a pod template: what one machine honours, what it refuses, what only tunes a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeAlias

from attrs import field, frozen

from bluegreen.errors import Problem
from bluegreen.spec import JSON

Path: TypeAlias = tuple[str | int, ...]

_ONE_PROCESS = "a replica is one process on one machine, and would not see it"
_TUNING = "it tunes a cluster and is ignored on one machine"

_POD_HONOURED = {"containers", "terminationGracePeriodSeconds", "restartPolicy"}
_POD_REFUSED = {
    "volumes": _ONE_PROCESS,
    "initContainers": "only one container can run; do its work in a step before the release",
    "ephemeralContainers": "only one container can run",
    "hostAliases": _ONE_PROCESS,
    "hostname": _ONE_PROCESS,
    "subdomain": _ONE_PROCESS,
}
_POD_TUNING = {
    *("activeDeadlineSeconds", "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy"),
    *("enableServiceLinks", "hostIPC", "hostNetwork", "hostPID", "hostUsers", "imagePullSecrets", "nodeName"),
    *("nodeSelector", "os", "overhead", "preemptionPolicy", "priority", "priorityClassName", "readinessGates"),
    *("resourceClaims", "resources", "runtimeClassName", "schedulerName", "schedulingGates", "securityContext"),
    *("serviceAccount", "serviceAccountName", "setHostnameAsFQDN", "shareProcessNamespace", "tolerations"),
    "topologySpreadConstraints",
}
_CONTAINER_HONOURED = {
    *("args", "command", "env", "image", "imagePullPolicy", "lifecycle", "name", "ports", "readinessProbe"),
    *("terminationMessagePath", "terminationMessagePolicy", "workingDir"),
}
_CONTAINER_REFUSED = {
    "envFrom": "there is no ConfigMap or Secret here; write the variables under env",
    "volumeMounts": _ONE_PROCESS,
    "volumeDevices": _ONE_PROCESS,
}
_CONTAINER_TUNING = {
    *("livenessProbe", "resizePolicy", "resources", "restartPolicy", "securityContext", "startupProbe"),
    *("stdin", "stdinOnce", "tty"),
}
_HEALTH = {
    "livenessProbe": "is ignored on one machine: a replica that ends is started again, one that hangs is not",
    "startupProbe": "is ignored on one machine: the readiness probe alone says when a replica may have traffic",
}


@frozen
class Known:
    """The fields of an object: honoured, refused (and why), and those that only tune a cluster."""

    honoured: set[str]
    refused: Mapping[str, str] = field(factory=dict[str, str])
    tuning: set[str] = field(factory=set[str])


POD_FIELDS = Known(_POD_HONOURED, _POD_REFUSED, _POD_TUNING)
CONTAINER_FIELDS = Known(_CONTAINER_HONOURED, _CONTAINER_REFUSED, _CONTAINER_TUNING)


@frozen
class Findings:
    """Everything that is wrong with a template here (`problems`), and what is merely ignored (`warnings`)."""

    problems: list[Problem] = field(factory=list[Problem])
    warnings: list[Problem] = field(factory=list[Problem])

    def refuse(self, path: Path, message: str, remedy: str = "") -> None:
        """One more problem."""
        self.problems.append(Problem(path, message, remedy))

    def sort_out(self, value: Mapping[str, JSON], path: Path, known: Known) -> None:
        """Refuses and warns of what the object has beyond the honoured fields. An empty value is as good as none."""
        for name in value:
            if name in known.honoured or (value[name] in (None, [], {}) and name in {*known.refused, *known.tuning}):
                continue
            if name in known.refused:
                self.refuse((*path, name), f"cannot be honoured on one machine: {known.refused[name]}", "remove it")
            elif name in known.tuning:
                self.warnings.append(Problem((*path, name), _HEALTH.get(name, _TUNING)))
            else:
                near = get_close_matches(name, {*known.honoured, *known.refused, *known.tuning}, 1)
                self.refuse((*path, name), "unknown field", f"did you mean {near[0]}?" if near else "remove it")
