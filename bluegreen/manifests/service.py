"""A v1 Service, as far as a release is concerned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attrs import frozen

from bluegreen.manifests.fields import (
    At,
    Reader,
    Unreadable,
    anything,
    did_you_mean,
    fields,
    items,
    passed_on,
    string_map,
    text,
)
from bluegreen.manifests.objects import HASH_LABEL, identity
from bluegreen.manifests.pod import Pod, port_number
from bluegreen.manifests.units import UnitError, int_or_string
from bluegreen.spec import Service, ServicePort


@frozen(eq=False)
class DeclaredService:
    """A Service, and where it was declared."""

    at: At
    namespace: str
    service: Service


def service(at: At) -> DeclaredService:
    """The Service of a document; what is wrong with it is a problem in the report."""
    name, namespace = identity(at)
    found: dict[str, Any] = {}
    with suppress(Unreadable):
        found = fields(at.child("spec"), _SPEC)
    ports = tuple(port for port in found.get("ports", ()) if port is not None)
    for number, times in Counter(port.port for port in ports).items():
        if times > 1:
            at.child("spec").child("ports").complain(f"the port {number} is given twice", "keep one of them")
    chosen = {key: value for key, value in found.get("selector", {}).items() if key != HASH_LABEL}
    return DeclaredService(at, namespace, Service(name, ports, chosen))


def fits(declared: DeclaredService, pod: Pod) -> None:
    """Checks that the Service can stand in front of these pods."""
    name, spec = declared.service.name, declared.at.child("spec")
    if spec.child("type").value == "ExternalName":
        spec.child("type").complain(f"Service {name} has no pods behind it, so it cannot be switched", "use ClusterIP")
    elif not declared.service.selector:
        message = f"missing: Service {name} selects no pods, so none would ever be behind it"
        words = ", ".join(f"{key}: {value}" for key, value in pod.labels.items())
        spec.child("selector").complain(message, f"write selector: {{{words}}}" if words else "")
    for key, value in declared.service.selector.items():
        if pod.labels.get(key) != value:
            has = f"{key}: {pod.labels[key]}" if key in pod.labels else f"no label {key}"
            message = f"selects {key}: {value}, but the rollout's pods have {has}"
            spec.child("selector").child(key).complain(message, "write the same here and in the template's labels")
    for index, port in enumerate(declared.service.ports):
        target = port.target_port
        if isinstance(target, str) and target not in pod.ports:
            known = dict.fromkeys(pod.ports)
            otherwise = f"the containers name {', '.join(sorted(known))}" if known else "give the number of the port"
            here = spec.child("ports").child(index).child("targetPort")
            here.complain(f'no container has a port named "{target}"', did_you_mean(target, known, otherwise))


def _port(at: At) -> ServicePort | None:
    found = fields(at, _PORT)
    if "port" not in found:
        at.child("port").complain("missing: a port is needed here")
        return None
    return ServicePort(found["port"], found.get("targetPort", found["port"]), found.get("name", ""))


def _target(at: At) -> int | str:
    try:
        target = int_or_string(at.value)
    except UnitError:
        at.wrong("a port's number or name")
    if isinstance(target, int):
        return port_number(at)
    if not target or target.isdigit():
        at.wrong("a port's number or name", f"write {target}, without quotes" if target else "")
    return target


def _protocol(at: At) -> str:
    if at.value != "TCP":
        at.complain("not honoured yet by this version: only TCP is", "remove it, and the port if it cannot be TCP")
    return "TCP"


_PORT: Mapping[str, Reader] = {
    "port": port_number,
    "targetPort": _target,
    "name": text,
    "protocol": _protocol,
    "appProtocol": anything,
    "nodePort": anything,
}
_SPEC: Mapping[str, Reader] = {
    **passed_on("allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy"),
    **passed_on("healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass"),
    **passed_on("loadBalancerIP loadBalancerSourceRanges publishNotReadyAddresses sessionAffinity"),
    **passed_on("sessionAffinityConfig trafficDistribution type"),
    "selector": string_map,
    "ports": lambda at: items(at, _port),
}
