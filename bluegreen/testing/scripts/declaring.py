"""What a script declares before its first command: a rollout in short, and the world that it begins in."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from types import NoneType
from typing import Any, Final

import attrs
from attrs import evolve, frozen

from bluegreen.errors import SpecError
from bluegreen.gates import Gate, ManualGate, Stage
from bluegreen.manifests import load_path
from bluegreen.spec import (
    Analysis,
    BlueGreen,
    Comparison,
    Direction,
    Hook,
    HookPoint,
    Metric,
    Rollout,
    RolloutPolicy,
    RouterSpec,
)
from bluegreen.testing.scripts.reading import Script, ScriptError, Setting

DEFAULT: Final = Rollout(
    "shop",
    BlueGreen("shop", "shop-preview"),
    {"spec": {"containers": [{"name": "shop", "image": "shop:v1"}]}},
    replicas=2,
)
BEGINNINGS: Final = ("v1 is live", "nothing is deployed", "v1 is live and nothing is recorded")
PODS: Final = ("ready after 1s", "ready when told")
_KEYS: Final = ("rollout", "file", "prePromotionAnalysis", "postPromotionAnalysis", "hook", "gate", "begin", "pods")
_LEFT_OUT: Final = {"name", "namespace", "strategy", "template", "policy", "services", "gates", "routers", "hooks"}


@frozen
class Scene:
    """What is declared, what has been deployed when the script begins, and when new pods are ready."""

    rollout: Rollout
    begin: str = BEGINNINGS[0]
    pods: str = PODS[0]


def scene(script: Script) -> Scene:
    """The scene that a script's settings set. Raises `ScriptError` for one that is not understood."""
    made = Scene(DEFAULT)
    for setting in script.settings:
        try:
            made = _set(made, setting, script)
        except (ValueError, SpecError, OSError) as error:
            raise ScriptError(script.path, setting.line, str(error)) from error
    return made


def _set(made: Scene, setting: Setting, script: Script) -> Scene:
    rollout, value = made.rollout, setting.value
    match setting.key:
        case "file":
            return evolve(made, rollout=load_path(script.path.parent / value))
        case "rollout":
            return evolve(made, rollout=declared(rollout, value))
        case "prePromotionAnalysis" | "postPromotionAnalysis":
            return evolve(made, rollout=evolve(rollout, strategy=_measuring(rollout.strategy, setting.key, value)))
        case "hook":
            hooks = (*rollout.policy.hooks, _hook(value))
            return evolve(made, rollout=evolve(rollout, policy=evolve(rollout.policy, hooks=hooks)))
        case "gate":
            return evolve(made, rollout=evolve(rollout, gates=(*rollout.gates, _gate(value))))
        case "begin":
            return evolve(made, begin=_one_of(value, BEGINNINGS))
        case "pods":
            return evolve(made, pods=_one_of(value, PODS))
        case key:
            raise ValueError(unknown("setting", key, _KEYS))


def _measuring(strategy: BlueGreen, key: str, words: str) -> BlueGreen:
    """The strategy with one more metric in its analysis before, or after, promotion."""
    if key.startswith("pre"):
        before = strategy.pre_promotion_analysis
        return evolve(strategy, pre_promotion_analysis=Analysis((*(before.metrics if before else ()), _metric(words))))
    before = strategy.post_promotion_analysis
    return evolve(strategy, post_promotion_analysis=Analysis((*(before.metrics if before else ()), _metric(words))))


def unknown(what: str, name: str, known: tuple[str, ...] | list[str]) -> str:
    """A sentence about a name that is not known, with the nearest one that is, or all of them."""
    near = get_close_matches(name, known, 1, 0.5)
    return f"no {what} {name!r}; " + (
        f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    )


def _one_of(value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(unknown("such beginning or manner", value, known))
    return value


# Fields by the names that manifests give them.


def declared(rollout: Rollout, words: str) -> Rollout:
    """The rollout with fields set: `replicas 4, scaleDownDelaySeconds 60, layers edge service`.

    Raises `ValueError` for what is no field, and `SpecError` for what no rollout can be.
    """
    changes: dict[type, dict[str, Any]] = {Rollout: {}, BlueGreen: {}, RolloutPolicy: {}}
    for item in re.split(r", *", words):
        name, _, text = item.strip().partition(" ")
        if name == "layers":
            changes[RolloutPolicy]["routers"] = tuple(RouterSpec(name=one) for one in text.split())
            continue
        owner = next((one for one in changes if name in _fields(one)), None)
        if owner is None:
            raise ValueError(unknown("field", name, ["layers", *(field for one in changes for field in _fields(one))]))
        attribute, kind = _fields(owner)[name]
        changes[owner][attribute] = _value(name, text, kind)
    strategy = evolve(rollout.strategy, **changes[BlueGreen])
    return evolve(
        rollout, strategy=strategy, policy=evolve(rollout.policy, **changes[RolloutPolicy]), **changes[Rollout]
    )


def declared_words(rollout: Rollout) -> str:
    """What `declared` makes this rollout of, but for its template, gates, hooks and analyses."""
    owners = ((Rollout, rollout, DEFAULT), (BlueGreen, rollout.strategy, DEFAULT.strategy))
    words = ["layers " + " ".join(one.name for one in rollout.policy.routers)]
    for owner, ours, plain in (*owners, (RolloutPolicy, rollout.policy, DEFAULT.policy)):
        for name, (attribute, _) in _fields(owner).items():
            value = getattr(ours, attribute)
            simple = value is None or isinstance(value, bool | int | float | str)
            if simple and value != getattr(plain, attribute):
                words.append(f"{name} {_text(value)}")
    return ", ".join(words)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fields(owner: type) -> dict[str, tuple[str, Any]]:
    """The plain fields of a class by their names in a manifest, each with its attribute and its type."""
    hints = typing.get_type_hints(owner, None, {"Gate": Gate})
    names = [one.name for one in attrs.fields(owner) if one.name not in _LEFT_OUT and one.init]
    return {re.sub(r"_(\w)", lambda found: found[1].upper(), name): (name, hints[name]) for name in names}


def _value(name: str, text: str, kind: Any) -> Any:
    kinds = [one for one in (typing.get_args(kind) or (kind,)) if one is not NoneType]
    if text == "none":
        return None if NoneType in typing.get_args(kind) else ""
    kind = kinds[0]
    if kind is bool:
        if text not in ("true", "false"):
            raise ValueError(f"{name} is true or false, not {text!r}")
        return text == "true"
    try:
        return kind(text)
    except ValueError as error:
        known = (
            f"one of {', '.join(one.value for one in kind)}" if issubclass(kind, Enum) else f"of type {kind.__name__}"
        )
        raise ValueError(f"{name} is {known}, not {text!r}") from error


def _options(owner: type, words: str) -> tuple[str, dict[str, Any]]:
    """What stands before the first field, and the fields: conditions may have commas of their own."""
    fields = _fields(owner)
    head, *items = re.split(rf", *(?=(?:{'|'.join(fields)}|comparison) )", words)
    found: dict[str, Any] = {}
    for item in items:
        name, _, text = item.partition(" ")
        if name == "comparison":
            found[name] = Comparison(Direction(text))
        else:
            found[fields[name][0]] = _value(name, text.strip(), fields[name][1])
    return head.strip(), found


def _metric(words: str) -> Metric:
    """`errors < 0.05, count 3, intervalSeconds 10`; its name is also its provider's, so that each can be told apart."""
    head, options = _options(Metric, words)
    name, _, condition = head.partition(" ")
    if condition:
        options["success_condition"] = f"result {condition}"
    return Metric(name, options.pop("provider", name), **options)


def _hook(words: str) -> Hook:
    """`migrate beforePreview, deadlineSeconds 30, onDeadline abort`."""
    head, options = _options(Hook, words)
    name, _, point = head.partition(" ")
    return Hook(name, HookPoint(point.strip()), "command", **options)


def _gate(words: str) -> Gate:
    """`sign-off postPromotion, deadlineSeconds 60, onDeadline abort`: a person says yes, with `approve`."""
    head, options = _options(ManualGate, words)
    name, _, stage = head.partition(" ")
    return ManualGate(name, Stage(stage.strip()), **options)


def metrics_of(rollout: Rollout) -> Iterator[Metric]:
    """Every metric that the rollout measures, before and after promotion."""
    for analysis in (rollout.strategy.pre_promotion_analysis, rollout.strategy.post_promotion_analysis):
        yield from analysis.metrics if analysis else ()


def names_of(rollout: Rollout) -> Mapping[str, list[str]]:
    """What a script may name, by what it is: layers, metrics, hooks."""
    return {
        "layer": [one.name for one in rollout.policy.routers],
        "metric": [one.name for one in metrics_of(rollout)],
        "hook": [one.name for one in rollout.policy.hooks],
    }
