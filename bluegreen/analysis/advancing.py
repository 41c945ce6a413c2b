"""The next step of a run: take in what came back, see how it stands, say what to measure next and when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from attrs import asdict, evolve, frozen

from bluegreen.actions import Measure
from bluegreen.analysis.judging import joined
from bluegreen.analysis.standing import taken_in, verdict
from bluegreen.placeholders import filled
from bluegreen.runs import AnalysisPhase, AnalysisRun, MetricResult
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, Analysis, Arg, Metric, PodTemplateHash, RevisionId, SecretKeyRef

ERROR_BACKOFF_MAX_S = 60.0
"""However many errors there were in a row, the next try comes after so long."""
PREVIEW, ACTIVE = "preview", "active"


@frozen
class About:
    """What a run is about: the new revision and the active one, and the pod template that arguments may look into."""

    revision: RevisionId
    stable: RevisionId | None = None
    template: Mapping[str, JSON] | None = None


@frozen
class Progress:
    """A run after a step, what is to be measured now, and when the next measurement is due if nothing is."""

    run: AnalysisRun
    tasks: tuple[Measure, ...] = ()
    when: datetime | None = None


def definition_of(analysis: Analysis) -> str:
    """A digest of what is declared: two analyses of the same digest ask the same of the same."""
    text = json.dumps(asdict(analysis), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def advance(analysis: Analysis, run: AnalysisRun, outcomes: Iterable[Outcome], about: About, now: datetime) -> Progress:
    """One step of a run. Outcomes of other runs are not looked at; a run that is over stays as it is.

    Pure, and order makes no difference: of metrics, or of the outcomes of one look.
    """
    if run.phase.over:
        return Progress(run)
    mine = {(one.key.metric, one.key.number): one for one in outcomes if one.key.run == run.id}
    known = _known(analysis.args, about)
    results = tuple(_heard(metric, run, mine, known) for metric in analysis.metrics)
    phase = verdict(results)
    if phase.over:
        results = tuple(_stopped(one, phase) for one in results)
        message = "; ".join(one.message for one in results if one.phase is phase and not one.dry_run)
        done = message or "only dry runs, which decide nothing"
        return Progress(evolve(run, phase=phase, message=done, finished_at=now, metrics=results))
    run = evolve(run, metrics=results)
    tasks, whens = list[Measure](), list[datetime]()
    for metric, result in zip(analysis.metrics, results, strict=True):
        if result.phase.over:
            continue
        due = _due(metric, result, run)
        if due <= now:
            tasks += _tasks(metric, result, run, analysis.args, known, about)
        else:
            whens.append(due)
    return Progress(run, tuple(tasks), min(whens, default=None))


def _heard(
    metric: Metric, run: AnalysisRun, outcomes: Mapping[tuple[str, int], Outcome], known: Mapping[str, str]
) -> MetricResult:
    """The metric's result with what came back for it."""
    result = evolve(run.metric(metric.name), dry_run=metric.dry_run)
    if not result.query:
        result = evolve(result, query=filled(metric.query, known))
    if result.phase.over:
        return result
    if not metric.both:
        came = outcomes.get((metric.name, result.taken))
        return taken_in(metric, result, came) if came else result
    halves = {one.key.metric: one for one in result.half}
    for colour in (PREVIEW, ACTIVE):
        name = f"{metric.name}/{colour}"
        if came := outcomes.get((name, result.taken)):
            halves.setdefault(name, came)
    if len(halves) == 2:
        both = joined(halves[f"{metric.name}/{PREVIEW}"], halves[f"{metric.name}/{ACTIVE}"])
        return taken_in(metric, result, both)
    return evolve(result, half=tuple(halves.values()))


def _stopped(result: MetricResult, phase: AnalysisPhase) -> MetricResult:
    """What the run's verdict leaves unfinished never counts as a success."""
    if result.phase.over:
        return result
    return evolve(
        result, phase=AnalysisPhase.INCONCLUSIVE, half=(), message=f"{result.name}: stopped, since the run is {phase}"
    )


def _due(metric: Metric, result: MetricResult, run: AnalysisRun) -> datetime:
    """When the next one is due: an interval after the last one finished; after an error, a back-off of its own."""
    if result.last_finished_at is None:
        return run.started_at + timedelta(seconds=metric.initial_delay_seconds)
    if result.consecutive_error:
        wait_s = metric.error_backoff_seconds * 2 ** min(result.consecutive_error - 1, 10)
        return result.last_finished_at + timedelta(
            seconds=min(wait_s, max(ERROR_BACKOFF_MAX_S, metric.error_backoff_seconds))
        )
    wait_s = metric.interval_seconds or metric.error_backoff_seconds  # without an interval: for data to come
    return result.last_finished_at + timedelta(seconds=wait_s)


def _tasks(
    metric: Metric,
    result: MetricResult,
    run: AnalysisRun,
    args: tuple[Arg, ...],
    known: Mapping[str, str],
    about: About,
) -> list[Measure]:
    """What has to be measured: one thing, or, of a metric that measures both colours, what is missing of the two."""
    secrets: dict[str, SecretKeyRef] = {one.name: one.secret for one in args if one.secret}

    def measure(name: str, known: Mapping[str, str]) -> Measure:
        key = Key(run.revision, run.attempt, run.id, name, result.taken)
        return Measure(key, metric.provider, filled(metric.query, known), metric.timeout_seconds, secrets)

    if not metric.both:
        return [measure(metric.name, known)]
    there = {one.key.metric for one in result.half}
    colours = {PREVIEW: about.revision, ACTIVE: about.stable or about.revision}
    names = {f"{metric.name}/{colour}": revision for colour, revision in colours.items()}
    return [measure(name, {**known, "revision": one}) for name, one in names.items() if name not in there]


def _known(args: tuple[Arg, ...], about: About) -> dict[str, str]:
    """What the arguments stand for now. Those of secrets are not among them, nor one whose place has nothing in it: a
    query in which something is left to fill in is not asked."""
    found: dict[str, str] = {}
    for one in args:
        if one.pod_template_hash is PodTemplateHash.LATEST:
            found[f"args.{one.name}"] = about.revision
        elif one.pod_template_hash is PodTemplateHash.STABLE:
            found[f"args.{one.name}"] = about.stable or about.revision
        elif one.field and (value := _at(about.template, one.field)) is not None:
            found[f"args.{one.name}"] = value
    return found


def _at(template: JSON, path: str) -> str | None:
    """The value at a place such as `spec.template.metadata.labels['app']` or `...containers[0].image`, if there is."""
    here = template
    for part in _parts(path.removeprefix("spec.template").removeprefix(".")):
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        else:
            here = None
    if isinstance(here, bool):
        return str(here).lower()
    return str(here) if isinstance(here, str | int | float) else None


def _parts(path: str) -> list[str]:
    """The steps of a path: words between dots, and whatever stands in brackets, quoted or not."""
    parts = list[str]()
    while path:
        if path[0] == "[":
            inside, _, path = path[1:].partition("]")
            parts.append(inside.strip("'\""))
        else:
            end = min((index for index in (path.find("."), path.find("[")) if index >= 0), default=len(path))
            parts.append(path[:end])
            path = path[end:]
        path = path.removeprefix(".")
    return parts
