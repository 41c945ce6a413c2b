"""Rollouts as the text that declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from hypothesis import strategies as st

from bluegreen.spec import JSON, Analysis, Arg, Hook, HookPoint, Metric, Rollout, RolloutPolicy, RouterSpec, Service
from bluegreen.testing.strategies.rollouts import rollouts

_ARGO, _OWN = "argoproj.io/v1alpha1", "bluegreen.dev/v1alpha1"
_EXTRAS = ("on_no_data", "min_samples", "timeout_seconds", "error_backoff_seconds", "error_total_seconds")
_TIMES = ("interval_seconds", "initial_delay_seconds")


def manifests(**pins: Any) -> st.SearchStrategy[str]:
    """The YAML of a rollout, its Services, templates and policy, as `bluegreen.manifests.load` reads it.

        @given(manifests(replicas=3))
        def test_what_is_declared_loads(text: str) -> None:
            assert load(text).replicas == 3

    Keywords pin fields, as in `rollouts`. Gates of one's own live in code, and so in no manifest.
    """
    return rollouts(**{"gates": (), **pins}).map(manifest)


def manifest(rollout: Rollout) -> str:
    """The YAML that loads into this rollout; all that is left at its default is left out.

    Gates of one's own cannot be written down; of several templates of one analysis the first has all its metrics.
    """
    written: str = yaml.safe_dump_all(documents(rollout), sort_keys=False)
    return written


def documents(rollout: Rollout) -> list[dict[str, JSON]]:
    """The documents of `manifest`, as values: the Rollout, its templates, its policy and its Services."""
    strategy = rollout.strategy
    analyses = (strategy.pre_promotion_analysis, strategy.post_promotion_analysis)
    found = [_object(_ARGO, "Rollout", rollout.name, rollout, _spec(rollout))]
    for analysis in analyses:
        if analysis and analysis.templates:
            declared = {**_some({"args": [{"name": one.name} for one in analysis.args]}), **_measured(analysis)}
            found.append(_object(_ARGO, "AnalysisTemplate", analysis.templates[0], rollout, declared))
    policy = _policy(rollout.policy) | _some({"metrics": dict(_all_extras(rollout))})
    if policy:
        found.append(
            _object(_OWN, "RolloutPolicy", rollout.name, rollout, {"rolloutRef": {"name": rollout.name}, **policy})
        )
    return found + [_object("v1", "Service", one.name, rollout, _service(one)) for one in rollout.services]


def _object(version: str, kind: str, name: str, rollout: Rollout, spec: JSON) -> dict[str, JSON]:
    namespace = {} if rollout.namespace == "default" else {"namespace": rollout.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **namespace}, "spec": spec}


def _spec(rollout: Rollout) -> dict[str, JSON]:
    labels = dict(rollout.template.get("metadata", {}).get("labels", {}))
    limits = _changed(rollout, "successful_run_history_limit", "unsuccessful_run_history_limit")
    window = rollout.rollback_window_revisions
    return {
        **_changed(rollout, "replicas", "min_ready_seconds", "progress_deadline_seconds", "progress_deadline_abort"),
        **_changed(rollout, "revision_history_limit", "paused"),
        **_some({"analysis": limits, "rollbackWindow": {} if window is None else {"revisions": window}}),
        "selector": {"matchLabels": labels},
        "template": _plain(rollout.template),
        "strategy": {"blueGreen": _blue_green(rollout)},
    }


def _blue_green(rollout: Rollout) -> dict[str, JSON]:
    strategy = rollout.strategy
    blocks = {
        "prePromotionAnalysis": _block(strategy.pre_promotion_analysis),
        "postPromotionAnalysis": _block(strategy.post_promotion_analysis),
    }
    return {
        "activeService": strategy.active_service,
        **_changed(strategy, "preview_service", "preview_replica_count", "auto_promotion_enabled"),
        **_changed(strategy, "auto_promotion_seconds", "scale_down_delay_seconds", "scale_down_delay_revision_limit"),
        **_changed(strategy, "abort_scale_down_delay_seconds", "anti_affinity"),
        **_some(blocks),
    }


# Analyses.


def _block(analysis: Analysis | None) -> dict[str, JSON]:
    if analysis is None:
        return {}
    args = {"args": [_arg(one) for one in analysis.args]}
    if analysis.templates:
        return {"templates": [{"templateName": analysis.templates[0]}], **_some(args)}
    return {**_some(args), **_measured(analysis)}


def _measured(analysis: Analysis) -> dict[str, JSON]:
    dry = [{"metricName": f"^{one.name}$"} for one in analysis.metrics if one.dry_run]
    kept = [{"metricName": f"^{one.name}$", "limit": one.retention} for one in analysis.metrics if one.retention != 10]
    metrics = [_metric(one) for one in analysis.metrics]
    return {**_some({"dryRun": dry, "measurementRetention": kept}), "metrics": metrics}


def _metric(metric: Metric) -> dict[str, JSON]:
    limits = ("failure_limit", "inconclusive_limit", "consecutive_error_limit", "consecutive_success_limit")
    times = {name: getattr(metric, name) for name in _TIMES}
    return {
        "name": metric.name,
        **{_camel(name.removesuffix("_seconds")): f"{value:g}s" for name, value in times.items() if value},
        **_changed(metric, "count", *limits, "success_condition", "failure_condition"),
        "provider": {metric.provider: _plain(metric.query)},
    }


def _all_extras(rollout: Rollout) -> Iterator[tuple[str, JSON]]:
    strategy = rollout.strategy
    for where, analysis in (
        ("prePromotionAnalysis", strategy.pre_promotion_analysis),
        ("postPromotionAnalysis", strategy.post_promotion_analysis),
    ):
        for metric in analysis.metrics if analysis else ():
            assert analysis is not None
            template = analysis.templates[0] if analysis.templates else where
            said = {**_changed(metric, *_EXTRAS), "timeoutSeconds": metric.timeout_seconds}
            if metric.comparison is not None:
                said["comparison"] = _changed(metric.comparison, "direction", "tolerance", "confidence")
            yield f"{template}/{metric.name}", said


def _arg(arg: Arg) -> dict[str, JSON]:
    if arg.secret is not None:
        return {"name": arg.name, "valueFrom": {"secretKeyRef": {"name": arg.secret.name, "key": arg.secret.key}}}
    if arg.pod_template_hash is not None:
        return {"name": arg.name, "valueFrom": {"podTemplateHashValue": str(arg.pod_template_hash)}}
    return {"name": arg.name, "valueFrom": {"fieldRef": {"fieldPath": arg.field}}}


# The policy, and Services.


def _policy(policy: RolloutPolicy) -> dict[str, JSON]:
    hooks = {str(point): [_hook(one) for one in policy.hooks if one.point is point] for point in HookPoint}
    drain = {} if policy.drain_min_seconds == 5 else {"minSeconds": policy.drain_min_seconds}
    local = _changed(policy.local, "command", "listen", "hosts")
    routers = [] if policy.routers == (RouterSpec(),) else [_router(one) for one in policy.routers]
    said = {"routers": routers, "drain": drain, "hooks": _some(hooks), "local": local}
    return {**_changed(policy, "layer_deadline_seconds", "settle_seconds", "on_failure"), **_some(said)}


def _router(router: RouterSpec) -> dict[str, JSON]:
    probe = {"probe": {"url": router.probe.url, "header": router.probe.header}} if router.probe else {}
    return {router.kind: _plain(router.options), "name": router.name, **probe}


def _hook(hook: Hook) -> dict[str, JSON]:
    options = hook.options
    if hook.kind == "command":
        said = {"command": list(options["argv"]), **_some({"env": _pairs(hook, options.get("env", {}))})}
    else:
        headers = _some({"headers": _pairs(hook, options.get("headers", {}))})
        said = {"webhook": {**_plain(options), **headers}}
    return {"name": hook.name, **said, **_changed(hook, "deadline_seconds", "on_deadline")}


def _pairs(hook: Hook, pairs: Mapping[str, str]) -> list[dict[str, JSON]]:
    refs = {f"{{{{args.{name}}}}}": ref for name, ref in hook.secrets.items()}
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": refs[value].name, "key": refs[value].key}}}
        if value in refs
        else {"name": name, "value": value}
        for name, value in pairs.items()
    ]


def _service(service: Service) -> dict[str, JSON]:
    ports = [{"name": one.name, "port": one.port, "targetPort": one.target_port} for one in service.ports]
    return {"selector": dict(service.selector), "ports": ports}


# Values.


def _changed(thing: Any, *names: str) -> dict[str, JSON]:
    """The fields of an attrs object that are not at their defaults, by the manifest's names."""
    fields = {one.name: one for one in type(thing).__attrs_attrs__}
    return {_camel(name): _plain(getattr(thing, name)) for name in names if not _is_default(thing, fields[name])}


def _is_default(thing: Any, field: Any) -> bool:
    default = field.default
    return bool(getattr(thing, field.name) == (default.factory() if hasattr(default, "factory") else default))


def _some(said: Mapping[str, JSON]) -> dict[str, JSON]:
    return {key: value for key, value in said.items() if value}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _plain(value: Any) -> JSON:
    """The value as YAML has it."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence):
        return [_plain(one) for one in value]
    return value
