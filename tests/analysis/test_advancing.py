"""The next step of a run: what is measured, with which query, and when."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve

from bluegreen.actions import Measure
from bluegreen.analysis import About, Progress, advance, definition_of
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, Analysis, Arg, Comparison, Metric, PodTemplateHash, SecretKeyRef
from tests.support.measuring import ABOUT, E, F, S, at, begun, ended, measured, metric, outcome
from tests.support.worlds import V1, V2

TOKEN = SecretKeyRef("prometheus", "token")


def step(wanted: Analysis, run: AnalysisRun, *outcomes: Outcome, second: float = 0, about: About = ABOUT) -> Progress:
    """One step of the run, so many seconds after it began."""
    return advance(wanted, run, outcomes, about, at(second))


def asked(query: JSON, *args: Arg, about: About = ABOUT, **fields: Any) -> dict[str, Measure]:
    """What the first look asks for, by the metric's name in the key."""
    wanted = Analysis((metric("one", query={"query": query}, **fields),), args)
    return {task.key.metric: task for task in step(wanted, begun(wanted), about=about).tasks}


def sent(query: JSON, *args: Arg, about: About = ABOUT) -> JSON:
    """The query as it is sent."""
    return asked(query, *args, about=about)["one"].query["query"]


def test_a_measurement_is_asked_for_with_all_that_it_takes() -> None:
    secret = Arg("token", secret=TOKEN)
    wanted = Analysis((metric("one", query={"query": "up", "bearer": "{{args.token}}"}, timeout_seconds=7),), (secret,))
    assert step(wanted, begun(wanted)).tasks == (
        Measure(
            Key(V2, 1, "pre", "one", 0), "told", {"query": "up", "bearer": "{{args.token}}"}, 7.0, {"token": TOKEN}
        ),
    )


def test_the_same_is_asked_for_until_it_comes_back() -> None:
    wanted = Analysis((metric(),))
    first = step(wanted, begun(wanted))
    assert step(wanted, first.run, second=500) == first
    assert first.when is None


def test_a_run_says_when_the_next_measurement_is_due() -> None:
    wanted = Analysis((metric("soon", count=2, interval_seconds=30), metric("late", initial_delay_seconds=90)))
    run = begun(wanted)
    progress = step(wanted, run)
    assert ([task.key.metric for task in progress.tasks], progress.when) == (["soon"], at(90))
    progress = step(wanted, progress.run, outcome(progress.tasks[0].key, S, at(4)), second=5)
    assert (progress.tasks, progress.when) == ((), at(34))
    assert [task.key for task in step(wanted, progress.run, second=34).tasks] == [Key(V2, 1, "pre", "soon", 1)]


def test_what_belongs_to_another_run_or_number_is_not_looked_at() -> None:
    wanted = Analysis((metric(),))
    run = begun(wanted)
    for key in (Key(V2, 1, "pre.1", "success-rate", 0), Key(V2, 1, "pre", "success-rate", 1), Key(V2, 1, "pre", "up")):
        assert step(wanted, run, outcome(key, F, at(0))).run.metrics[0].taken == 0
    second = evolve(run, number=1)
    assert step(wanted, second, outcome(Key(V2, 1, "pre.1", "success-rate", 0), S, at(0))).run.phase.over


def test_a_run_that_is_over_stays_as_it_is() -> None:
    wanted = Analysis((metric(),))
    run = ended(wanted, {"success-rate": [F]})
    assert step(wanted, run, outcome(Key(V2, 1, "pre", "success-rate", 1), S, at(9)), second=9) == Progress(run)
    assert run.finished_at == at(0)


def test_a_metric_that_has_its_verdict_is_not_measured_again() -> None:
    wanted = Analysis((metric("short"), metric("long", count=3)))
    runs = [one.run for one in measured(wanted, {"short": [S, F, F], "long": [S, S, S]})]
    assert runs[-1].phase is AnalysisPhase.SUCCESSFUL
    assert runs[-1].metric("short").taken == 1


def test_the_message_of_a_run_is_that_of_what_decided_it() -> None:
    both = Analysis((metric("a", count=2), metric("b")))
    run = ended(both, {"a": [S, S], "b": [F]})
    assert run.message == "b: 0 <= 0.1 (result[0] <= 0.1), 1st failure of 0 allowed"
    assert run.metric("a").message == "a: stopped, since the run is Failed"
    assert ended(both, {"a": [S, S], "b": [S]}).message == (
        "a: 2 of 2 measurements successful; b: 1 of 1 measurements successful"
    )


def test_dry_runs_are_measured_to_their_end_and_decide_nothing() -> None:
    wanted = Analysis((metric("dry", dry_run=True, count=2), metric("real")))
    steps = list(measured(wanted, {"dry": [S, F], "real": [S]}))
    assert [one.run.phase for one in steps] == [AnalysisPhase.RUNNING, AnalysisPhase.SUCCESSFUL]
    assert steps[-1].run.metric("dry").phase is AnalysisPhase.FAILED
    assert steps[-1].run.message == "real: 1 of 1 measurements successful"
    alone = Analysis((metric("dry", dry_run=True),))
    assert ended(alone, {"dry": [F]}).message == "only dry runs, which decide nothing"


@pytest.mark.parametrize(
    ("declared", "waits"), [(10, [10, 20, 40, 60, 60]), (0.5, [0.5, 1, 2, 4, 8]), (100, [100, 100, 100, 100, 100])]
)
def test_the_wait_after_errors_doubles_up_to_a_minute(declared: float, waits: list[float]) -> None:
    one = metric("one", error_backoff_seconds=declared, consecutive_error_limit=50, error_total_seconds=1e9)
    measurements = ended(Analysis((one,)), {"one": [E] * 6}).metric("one").measurements
    begins = [one.started_at for one in measurements]
    assert [(later - sooner).total_seconds() for sooner, later in pairwise(begins)] == waits


# Arguments.


def test_an_argument_may_stand_for_either_revision() -> None:
    latest = Arg("hash", pod_template_hash=PodTemplateHash.LATEST)
    stable = Arg("old", pod_template_hash=PodTemplateHash.STABLE)
    assert sent("{{args.hash}} {{ args.old }}", latest, stable) == f"{V2} {V1}"
    assert sent("{{args.old}}", stable, about=About(V2)) == V2


TEMPLATE: dict[str, JSON] = {
    "metadata": {"labels": {"app": "shop", "app.kubernetes.io/name": "shop.v2"}},
    "spec": {
        "containers": [{"image": "shop:v2", "ports": [{"containerPort": 8080}]}],
        "hostNetwork": True,
        "weight": 1.5,
        "nothing": None,
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("spec.template.metadata.labels.app", "shop"),
        ("spec.template.metadata.labels['app.kubernetes.io/name']", "shop.v2"),
        ('spec.template.metadata.labels["app.kubernetes.io/name"]', "shop.v2"),
        ("spec.template.spec.containers[0].image", "shop:v2"),
        ("spec.template.spec.containers[0].ports[0].containerPort", "8080"),
        ("spec.template.spec.weight", "1.5"),
        ("spec.template.spec.hostNetwork", "true"),
        ("spec.template.spec.nothing", "{{args.it}}"),
        ("spec.template.spec.containers", "{{args.it}}"),
        ("spec.template.spec.containers[7].image", "{{args.it}}"),
        ("spec.template.spec.containers[x].image", "{{args.it}}"),
        ("spec.template.spec.containers[0].image.deeper", "{{args.it}}"),
        ("spec.template.metadata.labels[app", "shop"),
        ("spec.template.metadata..labels", "{{args.it}}"),
    ],
)
def test_an_argument_may_stand_for_a_place_in_the_pod_template(path: str, found: str) -> None:
    assert sent("{{args.it}}", Arg("it", field=path), about=About(V2, V1, TEMPLATE)) == found


def test_of_no_pod_template_an_argument_is_left_as_it_is_and_whoever_asks_refuses_it() -> None:
    assert sent("[{{args.it}}]", Arg("it", field="spec.template.metadata.labels.app")) == "[{{args.it}}]"


def test_a_query_is_kept_as_it_was_sent_and_without_secrets() -> None:
    args = (Arg("hash", pod_template_hash=PodTemplateHash.LATEST), Arg("token", secret=TOKEN))
    wanted = Analysis((metric("one", query={"q": "{{args.hash}} {{args.token}}", "n": [1, {"deep": True}]}),), args)
    kept = step(wanted, begun(wanted)).run.metrics[0].query
    assert kept == {"q": f"{V2} {{{{args.token}}}}", "n": [1, {"deep": True}]}


# Both colours.


def test_a_query_that_names_the_revision_is_sent_for_both_colours() -> None:
    tasks = asked("up{hash='{{revision}}'}")
    assert {name: task.query["query"] for name, task in tasks.items()} == {
        "one/preview": f"up{{hash='{V2}'}}",
        "one/active": f"up{{hash='{V1}'}}",
    }
    first_ever = asked("{{revision}}", about=About(V2))
    assert {task.query["query"] for task in first_ever.values()} == {V2}


@pytest.mark.parametrize("order", [("preview", "active"), ("active", "preview")])
def test_one_colour_waits_for_the_other(order: tuple[str, str]) -> None:
    two = metric("one", query={"query": "{{revision}}"}, failure_condition="", success_condition="result.preview > 1.0")
    wanted = Analysis((two,))
    progress = step(wanted, begun(wanted))
    keys = {task.key.metric.removeprefix("one/"): task.key for task in progress.tasks}
    values = {"preview": 2.0, "active": 1.0}
    first, last = (Outcome(keys[colour], at(1), at(1), values[colour]) for colour in order)
    progress = step(wanted, progress.run, first, second=1)
    assert [task.key for task in progress.tasks] == [last.key]
    assert progress.run.metrics[0].taken == 0
    run = step(wanted, progress.run, last, second=2).run
    assert (run.phase, run.metrics[0].measurements[0].value) == (AnalysisPhase.SUCCESSFUL, values)
    assert run.metrics[0].half == ()


def test_a_run_that_is_over_waits_for_no_other_colour() -> None:
    wanted = Analysis((metric("two", comparison=Comparison()), metric("one")))
    progress = step(wanted, begun(wanted))
    keys = {task.key.metric: task.key for task in progress.tasks}
    half = Outcome(keys["two/active"], at(1), at(1), 1.0)
    run = step(wanted, progress.run, half, outcome(keys["one"], F, at(1)), second=1).run
    assert run.phase is AnalysisPhase.FAILED
    assert run.metric("two").half == ()


# What is declared.


def test_the_same_declaration_has_the_same_digest_and_another_has_another() -> None:
    def some(**fields: Any) -> str:
        return definition_of(Analysis((metric(**fields),), (Arg("token", secret=TOKEN),)))

    assert some() == some()
    different: list[Any] = [
        some(),
        some(count=2),
        some(comparison=Comparison()),
        some(query={"query": "down"}),
        definition_of(Analysis((metric(),))),
    ]
    assert len(set(different)) == len(different)


def test_a_metric_that_measures_both_colours_is_one_that_says_so() -> None:
    assert Metric("one", "told", {"a": [{"b": "x{{ revision }}"}]}).both
    assert Metric("one", "told", comparison=Comparison()).both
    assert not Metric("one", "told", {"a": ["{{args.revision}}", 1, None]}).both
