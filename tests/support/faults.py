"""What can go wrong, as data that Hypothesis draws and shrinks: each fault, then some time."""

from __future__ import annotations

import asyncio
from typing import Any

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from bluegreen.backends.memory import NEVER
from bluegreen.gates import OnDeadline, Stage
from bluegreen.snapshot import EVERYTHING, NOTHING, Foreign, Shown
from bluegreen.spec import Analysis, Arg, Hook, HookPoint, Metric, OnFailure, OnNoData, PodTemplateHash, Rollout
from bluegreen.testing.trace import Trace
from tests.support.drill import Drill
from tests.support.gates import AskingGate, Verdicts
from tests.support.worlds import rollout

CALLS = ("point", "retire", "ensure", "prepare", "save", "load", "observe", "layer edge observe", "forget")
EVENTS = ("Looked", "Decided", "Saved", "Acting", "Acted", "Resting", "Transition")
LAYERS = ("edge", "mesh", "service")


@frozen
class Fault:
    """What happens, to whom (an engine's name, an image, a layer, a call), with which number; then so many seconds."""

    what: str
    whom: str = ""
    number: float = 0
    then_s: float = 0.0


@frozen
class Plan:
    """One scenario: a rollout, a world's manners, and what happens."""

    declared: Rollout
    faults: tuple[Fault, ...] = ()
    ready_after_s: float = 1.0
    bad: str = ""  # an image that never becomes available
    verdicts: Verdicts = field(factory=Verdicts)
    converge_after_s: float = 0.0
    drains_after_s: float = 0.0
    probed: bool = True


async def play(plan: Plan, calm_s: float = 300.0) -> Trace:
    """Plays the scenario, lets the faults stop, and gives the engines `calm_s` seconds to finish."""
    drill = Drill(plan.declared, ready_after_s=plan.ready_after_s, verdicts=plan.verdicts)
    if plan.bad:
        drill.world.set_ready_after(plan.bad, NEVER)
    for layer in drill.world.layers.values():
        layer.converge_after_s, layer.drains_after_s = plan.converge_after_s, plan.drains_after_s
        layer.probed = plan.probed
    await drill.start("A")
    await asyncio.sleep(60)
    for fault in plan.faults:
        await happen(drill, fault)
        await asyncio.sleep(fault.then_s)
    return await drill.calm(calm_s)


async def happen(drill: Drill, fault: Fault) -> None:
    """Makes one fault happen."""
    own = _to_an_engine(drill, fault) or _to_a_wire(drill, fault)
    await (own or _to_the_world(drill, fault) or _asked(drill, fault))


def _to_an_engine(drill: Drill, fault: Fault) -> Any:
    process = drill.processes.get(fault.whom.split(":")[0])
    part = fault.whom.split(":")[-1]
    match fault.what:
        case "start":
            return drill.start(fault.whom, jump_s=fault.number)
        case "kill":
            return drill.kill(fault.whom)
        case "kill before a call" if process:
            process.wire.deadly.append((part, 1 + int(fault.number)))
        case "kill after an event" if process:
            process.deadly_events.append((part, 1 + int(fault.number)))
        case "stale looks" if process:
            process.looker.stale_looks, process.looker.age = 3, int(fault.number)
        case "repeat outcomes" if process:
            process.looker.repeats = 1 + int(fault.number)
        case _:
            return None
    return asyncio.sleep(0)


def _to_a_wire(drill: Drill, fault: Fault) -> Any:
    who, _, part = fault.whom.partition(":")
    process, times = drill.processes.get(who), 1 + int(fault.number)
    match fault.what:
        case "stall" if process:
            process.wire.stalls.append((part, fault.number))
        case "kill after a call" if process:
            process.wire.deadly_after.append((part, times))
        case "lose replies" if process:
            process.wire.lost.append((part, times))
        case "cut" | "join":
            (drill.cut if fault.what == "cut" else drill.join)(part, who)
        case _:
            return None
    return asyncio.sleep(0)


def _to_the_world(drill: Drill, fault: Fault) -> Any:
    world, number = drill.world, int(fault.number)
    revision = drill.nth(number)
    match fault.what:
        case "point elsewhere" if fault.whom in world.layers:
            shown: Shown = revision.id if revision and fault.number >= 0 else _ODD[abs(number) % len(_ODD)]
            drill.outsider(f"points {fault.whom} at {shown}", lambda: world.point_elsewhere(fault.whom, shown))
        case "scale elsewhere" if revision:
            to = int(fault.whom)
            drill.outsider(f"scales {revision.id} to {to}", lambda: world.scale_elsewhere(revision.id, to))
        case "delete elsewhere" if revision:
            drill.outsider(f"deletes {revision.id}", lambda: world.delete_elsewhere(revision.id))
        case "pods fail" if revision and revision.ready_after_s < NEVER:  # a bad build does not get better by failing
            count, for_s = fault.whom.split(":")
            drill.outsider(f"fails {revision.id}", lambda: world.fail(revision.id, int(count), for_s=float(for_s)))
        case "slow" if fault.whom in world.layers:
            world.layers[fault.whom].converge_after_s = fault.number
        case "blind":
            drill.outsider(f"hides {fault.whom}", lambda: world.blind(fault.whom))
        case "see":
            drill.outsider(f"shows {fault.whom}", lambda: world.see(fault.whom))
        case "refuse":
            drill.outsider(f"refuses {fault.whom}", lambda: world.refuse(fault.whom, 1 + number))
        case _:
            return None
    return asyncio.sleep(0)


_ODD: tuple[Shown, ...] = (NOTHING, EVERYTHING, Foreign("somebody else's"))


def _asked(drill: Drill, fault: Fault) -> Any:
    match fault.what:
        case "apply":
            return drill.apply(fault.whom)
        case "approve":
            return drill.command("approve", gate=fault.whom)
        case "promote" | "promote_full" | "abort" | "retry":
            return drill.command(fault.what)
        case "pause":
            return drill.apply(paused=bool(fault.number))
        case "scale":
            return drill.apply(replicas=int(fault.number))
        case _:
            return asyncio.sleep(0)


# What Hypothesis draws.

_WAITS = st.sampled_from([0.0, 0.0, 0.1, 1.0, 2.0, 6.0, 20.0, 35.0, 70.0])
_ENGINES = st.sampled_from(["A", "A", "B"])


def _fault(what: str, whom: st.SearchStrategy[str], number: st.SearchStrategy[float]) -> st.SearchStrategy[Fault]:
    return st.builds(Fault, st.just(what), whom, number, _WAITS)


def _of(*parts: str) -> st.SearchStrategy[str]:
    return st.builds("{}:{}".format, _ENGINES, st.sampled_from(parts))


_NONE = st.just(0.0)
_COUNT = st.integers(0, 3).map(float)


def faults(layers: tuple[str, ...], *, engines: bool = True, world: bool = True) -> st.SearchStrategy[Fault]:
    """Any one thing that happens."""
    asked = [
        *[_fault("apply", st.sampled_from(["v1", "v2", "v3"]), _NONE)] * 3,
        *(_fault(what, st.just(""), _NONE) for what in ("promote", "promote_full", "abort", "retry")),
        _fault("approve", st.sampled_from(["checked", "watched"]), _NONE),
        _fault("pause", st.just(""), st.sampled_from([0.0, 1.0])),
        _fault("scale", st.just(""), st.sampled_from([1.0, 2.0, 3.0])),
    ]
    parts = ["workloads", "records", *(f"layer {name}" for name in layers)]
    own = [
        _fault("start", _ENGINES, st.sampled_from([0.0, 0.0, -3600.0, -20.0, 20.0, 3600.0])),
        _fault("kill", _ENGINES, _NONE),
        _fault("kill before a call", _of(*CALLS), _COUNT),
        _fault("kill after an event", _of(*EVENTS), _COUNT),
        _fault("stall", _of(*CALLS), st.sampled_from([0.5, 4.0, 40.0, 300.0])),
        _fault("stale looks", _ENGINES, st.sampled_from([1.0, 4.0, 12.0])),
        _fault("repeat outcomes", _ENGINES, _COUNT),
        *(_fault(what, _of(*CALLS, "measure"), _COUNT) for what in ("kill after a call", "lose replies")),
        *(_fault(what, _of(*parts, "metrics", "hooks"), _NONE) for what in ("cut", "join")),
    ]
    calls = ["workloads ensure", "workloads retire", "records save", "records load"]
    calls += [f"layer {name} {call}" for name in layers for call in ("point", "prepare", "observe")]
    outside = [
        _fault("point elsewhere", st.sampled_from(layers), st.integers(-3, 3).map(float)),
        _fault("scale elsewhere", st.sampled_from(["0", "1", "4"]), _COUNT),
        _fault("delete elsewhere", st.just(""), _COUNT),
        _fault("pods fail", st.sampled_from(["1:20", "9:5", "9:50", "9:inf"]), _COUNT),
        _fault("slow", st.sampled_from(layers), st.sampled_from([0.0, 3.0, 30.0])),
        _fault("blind", st.sampled_from(parts), _NONE),
        _fault("see", st.sampled_from(parts), _NONE),
        _fault("refuse", st.sampled_from(calls), _COUNT),
    ]
    kinds = [asked, *([own] if engines else []), *([outside] if world else [])]
    return st.sampled_from(kinds).flatmap(st.one_of)


@st.composite
def rollouts(draw: st.DrawFn) -> Rollout:
    """A rollout with short deadlines, and any of the fields that are about deciding."""
    fields: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {"replicas": st.sampled_from([1, 2, 3])},
            optional={
                "preview_service": st.just("preview"),
                "preview_replica_count": st.just(1),
                "auto_promotion_enabled": st.just(False),
                "auto_promotion_seconds": st.just(15),
                "scale_down_delay_seconds": st.sampled_from([0, 5, 60]),
                "scale_down_delay_revision_limit": st.sampled_from([0, 1]),
                "abort_scale_down_delay_seconds": st.sampled_from([0, 10]),
                "min_ready_seconds": st.just(3),
                "progress_deadline_abort": st.just(True),
                "rollback_window_revisions": st.just(2),
                "revision_history_limit": st.just(1),
                "on_failure": st.just(OnFailure.FREEZE),
            },
        )
    )
    return rollout(
        layers=LAYERS[: draw(st.integers(1, 3))],
        gates=tuple(draw(st.lists(gates(), max_size=2, unique_by=lambda gate: gate.name))),
        hooks=tuple(draw(st.lists(hooks(), max_size=2, unique_by=lambda hook: hook.point))),
        pre_promotion_analysis=draw(st.none() | analyses()),
        post_promotion_analysis=draw(st.none() | analyses()),
        progress_deadline_seconds=60,
        layer_deadline_seconds=20,
        **fields,
    )


@st.composite
def gates(draw: st.DrawFn) -> AskingGate:
    """A gate that asks the outside world, at any stage."""
    stage = draw(st.sampled_from(list(Stage)))
    name = {Stage.PRE_PROMOTION: "checked", Stage.POST_PROMOTION: "watched"}.get(stage, f"asked {stage}")
    deadline = draw(st.sampled_from([None, 10]))
    return AskingGate(name, stage, draw(st.booleans()), deadline, draw(st.sampled_from(list(OnDeadline))))


@st.composite
def hooks(draw: st.DrawFn) -> Hook:
    """A step beside the release, at any of its points."""
    point = draw(st.sampled_from(list(HookPoint)))
    late = draw(st.sampled_from([OnDeadline.ABORT, OnDeadline.CONTINUE]))
    return Hook("step", point, "verdict", deadline_seconds=draw(st.sampled_from([5, 60])), on_deadline=late)


@st.composite
def analyses(draw: st.DrawFn) -> Analysis:
    """Metrics that ask whoever answers the gates, for one colour or for both."""
    colours = draw(st.sampled_from(["{{args.hash}}", "{{revision}}"]))
    condition = "result" if colours == "{{args.hash}}" else "result.preview || !result.active"
    one = Metric(
        "good",
        "verdicts",
        {"revision": colours},
        condition,
        count=draw(st.sampled_from([1, 3])),
        interval_seconds=2,
        failure_limit=draw(st.sampled_from([0, 1])),
        consecutive_error_limit=draw(st.sampled_from([0, 2])),
        error_backoff_seconds=1,
        on_no_data=draw(st.sampled_from([None, OnNoData.FAIL, OnNoData.SKIP])),
        dry_run=draw(st.booleans()),
    )
    return Analysis((one, evolve(one, name="better", count=2, dry_run=False)), (Arg("hash", PodTemplateHash.LATEST),))


@st.composite
def plans(draw: st.DrawFn, *, engines: bool = True, world: bool = True) -> Plan:
    """A scenario."""
    declared = draw(rollouts())
    names = tuple(router.name for router in declared.policy.routers)
    size = draw(st.sampled_from([1, 4, 8, 12, 16]))
    happens = draw(st.lists(faults(names, engines=engines, world=world), min_size=size, max_size=size))
    answers = st.sampled_from([True, True, False, None, "it broke"])
    return Plan(
        declared,
        (Fault("apply", "v2", then_s=draw(_WAITS)), *happens),
        ready_after_s=draw(st.sampled_from([0.0, 1.0, 4.0])),
        bad=draw(st.sampled_from(["", "", "v2"])),
        verdicts=Verdicts({image: draw(answers) for image in ("v2", "v3")}),
        converge_after_s=draw(st.sampled_from([0.0, 0.0, 1.5])),
        drains_after_s=draw(st.sampled_from([0.0, 3.0])),
        probed=draw(st.booleans()),
    )
