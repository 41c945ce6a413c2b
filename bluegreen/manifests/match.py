"""Each declared rollout with its Services and its policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from attrs import define, evolve, field

from bluegreen.errors import Problem, SpecError
from bluegreen.manifests.analyses import analyses_of
from bluegreen.manifests.analysis.declared import DeclaredTemplate
from bluegreen.manifests.analysis.gather import named
from bluegreen.manifests.analysis.provider import below
from bluegreen.manifests.fields import At, did_you_mean
from bluegreen.manifests.policy import DeclaredPolicy, listens_for
from bluegreen.manifests.report import Path
from bluegreen.manifests.rollout import DeclaredRollout
from bluegreen.manifests.service import DeclaredService, fits
from bluegreen.spec import Rollout, RolloutPolicy

Check: TypeAlias = Callable[[Rollout], tuple[Sequence[Problem], Sequence[Problem]]]
"""What a backend has to say of a rollout: problems and warnings. Their paths begin with `spec`, `metadata`, or, for a
Service, with `Service` and its name."""


@define(eq=False)
class Declared:
    """All that was declared, in the order of the files."""

    rollouts: list[DeclaredRollout] = field(factory=list[DeclaredRollout])
    policies: list[DeclaredPolicy] = field(factory=list[DeclaredPolicy])
    services: list[DeclaredService] = field(factory=list[DeclaredService])
    templates: list[DeclaredTemplate] = field(factory=list[DeclaredTemplate])


def matched(declared: Declared, *, incomplete: bool, check: Check | None = None) -> Iterator[Rollout]:
    """The rollouts, whole; what does not fit together is a problem in the report, and so is what `check` finds:
    it is asked when nothing else is wrong, since what it says of half a manifest would lead astray.

    `incomplete`: something was not read, so nothing is said about what is not there.
    """
    _twice(declared)
    templates = named(declared.templates)
    used: set[int] = set()
    built: list[tuple[Rollout, DeclaredRollout, list[DeclaredService], At | None]] = []
    for one in declared.rollouts:
        services = _services_of(one, declared.services, incomplete)
        used |= {id(service) for service in services}
        policy = _policy_of(one, declared.policies)
        if policy is not None:
            listens_for(policy.policy, policy.at, [name for _, name in _service_names(one)])
        analyses = analyses_of(one, templates, policy.extras if policy else {}, incomplete=incomplete)
        used |= {id(template) for template in analyses.templates}
        if whole := _built(evolve(one, strategy=analyses.strategy), services, policy):
            built.append((whole, one, services, policy.at if policy else None))
            yield whole
    if declared.rollouts and not incomplete:
        _left_over(declared, used)
    if check is not None and not any(one.at.report.failed for _, one, _, _ in built):
        for whole, one, services, at in built:
            _checked(check, whole, one, services, at)


def _twice(declared: Declared) -> None:
    seen: set[tuple[str, str, str]] = set()
    named = [("rollouts", one.at, one.namespace, one.name) for one in declared.rollouts]
    named += [("Services", one.at, one.namespace, one.service.name) for one in declared.services]
    for what, at, namespace, name in named:
        if name and (what, namespace, name) in seen:
            at.child("metadata").child("name").complain(f'two {what} are named "{name}"', "keep one of them")
        seen.add((what, namespace, name))


def _service_names(one: DeclaredRollout) -> list[tuple[str, str]]:
    named = (("activeService", one.strategy.active_service), ("previewService", one.strategy.preview_service))
    return [(key, name) for key, name in named if name]


def _services_of(one: DeclaredRollout, services: list[DeclaredService], incomplete: bool) -> list[DeclaredService]:
    found: list[DeclaredService] = []
    for key, name in _service_names(one):
        here = one.at.child("spec").child("strategy").child("blueGreen").child(key)
        same = [service for service in services if (service.namespace, service.service.name) == (one.namespace, name)]
        if same:
            found.append(same[0])
            if one.pod is not None:
                fits(same[0], one.pod)
        elif not services:
            here.warn(f"Service {name} is not declared here: nothing about it could be checked")
        elif not incomplete:
            elsewhere = [service.namespace for service in services if service.service.name == name]
            message = f"no Service {name} in namespace {one.namespace}"
            names = dict.fromkeys(service.service.name for service in services if service.service.name)
            otherwise = f"the Services are {', '.join(list(names)[:10])}" if names else ""
            remedy = f"it is in namespace {elsewhere[0]}" if elsewhere else did_you_mean(name, names, otherwise)
            here.complain(message, remedy)
    return found


def _policy_of(one: DeclaredRollout, policies: list[DeclaredPolicy]) -> DeclaredPolicy | None:
    """The rollout's policy, declared in the rollout or beside it; None if nowhere."""
    mine = [policy for policy in policies if (policy.namespace, policy.rollout) == (one.namespace, one.name)]
    first = "the rollout's own spec.policy" if one.policy else "another RolloutPolicy"
    for second in mine if one.policy else mine[1:]:
        here = second.at.child("rolloutRef").child("name")
        here.complain(f'rollout "{one.name}" has a policy already: {first}', "make one of the two")
    return one.policy or next(iter(mine), None)


def _built(one: DeclaredRollout, services: list[DeclaredService], policy: DeclaredPolicy | None) -> Rollout | None:
    try:
        return Rollout(
            name=one.name,
            namespace=one.namespace,
            strategy=one.strategy,
            template=one.pod.template if one.pod else {},
            policy=policy.policy if policy else RolloutPolicy(),
            services=tuple(service.service for service in services),
            **one.values,
        )
    except SpecError as error:
        for problem in error.problems:
            at = _at(one.at, policy.at if policy else None, services, problem.path)
            if not _said(at):
                at.complain(problem.message, problem.remedy)
        return None


def _checked(
    check: Check, rollout: Rollout, one: DeclaredRollout, services: list[DeclaredService], policy_at: At | None
) -> None:
    problems, warnings = check(rollout)
    for problem in problems:
        at = _at(one.at, policy_at, services, problem.path)
        if not _said(at):
            at.complain(problem.message, problem.remedy)
    for odd in warnings:
        _at(one.at, policy_at, services, odd.path).warn(odd.message, odd.remedy, key=True)


def _at(rollout: At, policy: At | None, services: list[DeclaredService], path: Path) -> At:
    """Where the manifests have what a check names by `path`."""
    at = rollout
    if policy is not None and path[:2] == ("spec", "policy"):
        at, path = policy, path[2:]
    elif path[:1] == ("Service",):
        at = next((service.at for service in services if service.service.name == path[1]), rollout)
        path = path[2:]
    return below(at, path)


def _said(at: At) -> bool:
    """Whether a complaint stands already about this, or about what it is part of."""
    return any(at.path[:length] in at.document.said for length in range(1, len(at.path) + 1))


def _left_over(declared: Declared, used: set[int]) -> None:
    """A policy for no rollout is an error, since what it asks for would be lost; a Service for none is only odd."""
    names = dict.fromkeys(one.name for one in declared.rollouts if one.name)
    places = {(one.namespace, one.name) for one in declared.rollouts}
    for policy in declared.policies:
        if policy.rollout and names and (policy.namespace, policy.rollout) not in places:
            here = policy.at.child("rolloutRef").child("name")
            message = f"no rollout {policy.rollout} in namespace {policy.namespace}"
            elsewhere = [one.namespace for one in declared.rollouts if one.name == policy.rollout]
            otherwise = f"the rollouts are {', '.join(list(names)[:10])}"
            remedy = (
                f"it is in namespace {elsewhere[0]}" if elsewhere else did_you_mean(policy.rollout, names, otherwise)
            )
            here.complain(message, remedy)
    for service in declared.services:
        if id(service) not in used and not service.at.report.failed:
            here = service.at.child("metadata").child("name")
            here.warn(f"Service {service.service.name} is the active or preview Service of no rollout here")
    for template in declared.templates:
        if template.name and id(template) not in used and not template.at.report.failed:
            here = template.at.child("metadata").child("name")
            here.warn(f"{template.kind} {template.name} is used by no rollout here, so little of it was checked")
