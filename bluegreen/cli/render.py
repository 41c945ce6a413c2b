"""A rollout as a tree for a terminal, and lists as tables. Plain ASCII but for the lines of the tree itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from bluegreen.cli.measured import LAST, GateView, counts
from bluegreen.cli.view import LayerView, RevisionView, View
from bluegreen.runs import AnalysisPhase, AnalysisRun

_STYLES = {"Healthy": "bold green", "Degraded": "bold red", "Paused": "bold yellow"}
_SAID = {"yes": "green", "no": "red"}
_CAME = {AnalysisPhase.SUCCESSFUL: "green", AnalysisPhase.FAILED: "red", AnalysisPhase.ERROR: "red"}
_SHOWN_MAX = 10
"""Revisions that have neither replicas nor a role are not shown beyond this many."""


def tree(view: View, now: datetime) -> RenderableType:
    """The rollout, who has the traffic on each layer, its revisions and replicas, countdowns to `now`, and why."""
    root = Tree(_title(view, now), guide_style="dim")
    for words in _asides(view):
        root.add(words)
    for layer in view.layers:
        root.add(_layer(view, layer))
    for gate in view.gates:
        measured(root.add(_gate(gate)), gate.run)
    for revision in _worth_showing(view):
        branch = root.add(_revision(revision, view, now))
        for address in revision.addresses:
            branch.add(Text(f"replica at {address}  available"))
        for reason in revision.reasons:
            branch.add(Text(reason, style="yellow"))
    return Group(root)


def measured(branch: Tree, run: AnalysisRun | None) -> Tree:
    """Adds to a branch what an analysis measured: each metric, how it stands, and its last measurements with why."""
    for metric in run.metrics if run else ():
        words = f"{metric.name}{' (dry run)' if metric.dry_run else ''}"
        line = Text(f"{words}  ").append(str(metric.phase), style=_CAME.get(metric.phase, "yellow"))
        twig = branch.add(line.append(f"  {counts(metric)}", style="dim"))
        for one in metric.measurements[-LAST:]:
            skipped = " (skipped)" if one.skipped else ""
            shown = Text(f"{one.number + 1}  ").append(f"{one.phase}{skipped}", style=_CAME.get(one.phase, "yellow"))
            twig.add(shown.append(f"  {one.why}"))
    return branch


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    """A list in aligned columns, without lines."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


def countdown(until: datetime | None, now: datetime) -> str:
    """How long until then: `in 12 s`, `in 4 min 5 s`, `any moment`; empty for never."""
    if until is None:
        return ""
    seconds = round((until - now).total_seconds())
    if seconds <= 0:
        return "any moment"
    minutes, rest = divmod(seconds, 60)
    return f"in {minutes} min {rest} s" if minutes else f"in {rest} s"


def _title(view: View, now: datetime) -> Text:
    title = Text(view.name, style="bold").append("  ").append(view.phase, style=_STYLES.get(view.phase, "bold cyan"))
    if view.reason:
        title.append(f" ({view.reason})")
    if view.message:
        title.append(f"  {view.message}", style="not bold")
    if left := countdown(view.until, now):
        title.append(f"  {'deadline' if view.phase == 'Progressing' else 'goes on'} {left}", style="not bold dim")
    return title


def _asides(view: View) -> list[Text]:
    driver = f"driven by process {view.driver}" if view.driver else "nobody drives it: what is shown may be out of date"
    said = [Text(driver, style="dim" if view.driver else "yellow")]
    if view.paused and view.reason != "ManuallyPaused":
        said.append(Text("spec.paused is set: no promotion starts", style="yellow"))
    if view.declared and view.declared != view.current:
        said.append(Text(f"{view.words(view.declared)} is declared, and its release has not begun", style="yellow"))
    if view.workloads_error:
        said.append(Text(f"cannot look at the workloads: {view.workloads_error}", style="red"))
    return said + [Text(f"refused: {trouble}", style="red") for trouble in view.troubles]


def _gate(gate: GateView) -> Text:
    line = Text(f"gate {gate.name}", style="bold")
    line.append(f"  {gate.answer or 'is asked'}", style=f"not bold {_SAID.get(gate.answer, 'yellow')}")
    return line.append(f"  {gate.why}", style="not bold") if gate.why else line


def _layer(view: View, layer: LayerView) -> Text:
    line = Text(f"layer {layer.name}", style="bold")
    if layer.error:
        return line.append(f"  cannot look at it: {layer.error}", style="not bold red")
    line.append(f"  live traffic on {_where(view, layer.active)}", style="not bold")
    if not layer.converged:
        line.append("  not yet in force", style="not bold yellow")
    elif not layer.drained:
        line.append("  requests to another revision are still in flight", style="not bold dim")
    if layer.preview is not None:
        line.append(f"; preview on {_where(view, layer.preview)}", style="not bold")
    return line.append(f"  {layer.note}", style="not bold dim") if layer.note else line


def _where(view: View, shown: str) -> str:
    return view.words(shown) if any(one.id == shown for one in view.revisions) else shown


def _worth_showing(view: View) -> list[RevisionView]:
    kept = [one for one in view.revisions if one.replicas or one.available or one.roles or one.live_on]
    return [*kept, *[one for one in view.revisions if one not in kept][: max(_SHOWN_MAX - len(kept), 0)]]


def _revision(one: RevisionView, view: View, now: datetime) -> Text:
    line = Text(f"revision {one.ordinal}", style="bold").append(
        f" ({one.id})  {' '.join(one.images)}", style="not bold"
    )
    roles = [*one.roles, *(["live"] if one.live_on else []), *(["preview"] if one.preview_on else [])]
    if roles:
        line.append(f"  {', '.join(roles)}", style="not bold green" if one.live_on else "not bold")
    if not one.replicas and not one.available:
        return line.append("  scaled down", style="not bold dim")
    whole = one.available >= view.wanted
    line.append(f"  {one.available} of {one.replicas} available", style="not bold" if whole else "not bold yellow")
    if one.retires_at:
        line.append(f"  retires {countdown(one.retires_at, now)}", style="not bold dim")
    elif one.retained:
        line.append("  kept for a way back", style="not bold dim")
    return line
