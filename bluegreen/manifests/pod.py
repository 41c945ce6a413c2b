"""The pod template. It is passed on as it is; what would hurt a release unnoticed is checked first.

A field that is nearly one of Kubernetes' is an error, because it would be lost (a misspelt readinessProbe is no probe).
One that is like none of them gets a warning: Kubernetes grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from attrs import frozen

from bluegreen.manifests.fields import (
    At,
    Reader,
    Unreadable,
    anything,
    fields,
    integer,
    items,
    mapping,
    name,
    nearest,
    passed_on,
    string_map,
    text,
    texts,
    unknown,
)
from bluegreen.manifests.objects import METADATA
from bluegreen.manifests.units import UnitError, quantity
from bluegreen.spec import JSON


@frozen
class Pod:
    """A pod template, as the manifest has it, and what the rest of the manifest is held against."""

    template: Mapping[str, JSON]
    labels: Mapping[str, str]
    ports: frozenset[str]
    """The names of the containers' ports."""


def pod(at: At) -> Pod:
    """The pod template. Raises `Unreadable` when it is none."""
    if at.value is None:
        at.wrong("a pod template", "write the containers that a revision runs")
    found = fields(at, {"metadata": _labels, "spec": mapping})
    spec = at.child("spec")
    if "spec" not in found:
        if spec.value is None:
            spec.wrong("a pod's spec")
        raise Unreadable
    _known(spec, _POD_SPEC, "a pod's spec")
    containers = spec.child("containers")
    if not containers.value:
        containers.complain("missing: at least one container is needed here")
    names: set[str] = set()
    for group in (containers, spec.child("initContainers")):
        if group.value:
            with suppress(Unreadable):
                items(group, lambda one: _container(one, names))
    ports = [
        one.child("name").value for container in containers.children() for one in container.child("ports").children()
    ]
    labels = found.get("metadata", {})
    return Pod(at.value, labels, frozenset(port for port in ports if isinstance(port, str)))


def _labels(at: At) -> dict[str, str]:
    found = fields(at, {**METADATA, "labels": string_map, "name": anything})
    labels: dict[str, str] = found.get("labels", {})
    return labels


def _container(at: At, names: set[str]) -> None:
    mapping(at)
    _known(at, _CONTAINER, "a container")
    here = at.child("name")
    if here.value is None:
        here.complain("missing: a container needs a name")
    elif isinstance(here.value, str) and here.value in names:
        here.complain(f'two containers are named "{here.value}"', "name each of them differently")
    else:
        with suppress(Unreadable):
            names.add(name(here))


def _known(at: At, readers: Mapping[str, Reader], what: str) -> None:
    """Reads the fields that are known; complains of those that are nearly known, and warns of the rest."""
    for key in mapping(at):
        here = at.child(key)
        if key in readers:
            if here.value is not None:
                with suppress(Unreadable):
                    readers[key](here)
        elif at.report.full:
            return
        elif nearest(key, readers):
            unknown(here, readers, {}, siblings=at.value)
        else:
            here.warn(f"not known as a field of {what}; passed on as it is", key=True)


def _quantities(at: At) -> None:
    for one in at.children():
        try:
            quantity(one.value)
        except UnitError as error:
            one.complain(str(error), error.remedy)


def _resources(at: At) -> None:
    fields(at, {"requests": _quantities, "limits": _quantities, "claims": anything})


def _env(at: At) -> None:
    known: Mapping[str, Reader] = {"name": text, "value": _env_value, "valueFrom": mapping}
    items(at, lambda one: fields(one, known))


def _env_value(at: At) -> None:
    if not isinstance(at.value, str):
        # Its value may be a secret: only its kind is told.
        at.complain("the value of an environment variable must be a text", "put it in quotes")


def _ports(at: At) -> None:
    known: Mapping[str, Reader] = {
        "containerPort": port_number,
        **dict.fromkeys(("name", "protocol", "hostIP"), text),
        "hostPort": port_number,
    }
    items(at, lambda one: fields(one, known))


def port_number(at: At) -> int:
    """A port, 1 to 65535."""
    number = integer(at)
    if not 1 <= number <= 65535:
        at.complain(f"{number} is no port", "ports are 1 to 65535")
        raise Unreadable
    return number


def _probe(at: At) -> None:
    _known(at, _PROBE, "a probe")


_PROBE: Mapping[str, Reader] = {
    **dict.fromkeys(("exec", "grpc", "httpGet", "tcpSocket"), mapping),
    **dict.fromkeys(
        (
            "failureThreshold",
            "initialDelaySeconds",
            "periodSeconds",
            "successThreshold",
            "terminationGracePeriodSeconds",
            "timeoutSeconds",
        ),
        integer,
    ),
}
_CONTAINER: Mapping[str, Reader] = {
    **passed_on("envFrom imagePullPolicy name resizePolicy restartPolicy restartPolicyRules securityContext stdin"),
    **passed_on("stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts"),
    **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), _probe),
    **dict.fromkeys(("command", "args"), texts),
    **dict.fromkeys(("image", "workingDir"), text),
    "env": _env,
    "lifecycle": mapping,
    "ports": _ports,
    "resources": _resources,
}
_POD_SPEC: Mapping[str, Reader] = {
    **passed_on("activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy"),
    **passed_on("enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname"),
    **passed_on("hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os overhead priority"),
    **passed_on("preemptionPolicy priorityClassName readinessGates resourceClaims resources restartPolicy"),
    **passed_on("runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName"),
    **passed_on("setHostnameAsFQDN shareProcessNamespace subdomain tolerations topologySpreadConstraints volumes"),
    "terminationGracePeriodSeconds": integer,
}
