"""Looking: one rollout as a tree, all of them as a list, one in a line, and what happened to it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import click
from attrs import evolve

from bluegreen.cli.driving import come_to, looker_of, seen
from bluegreen.cli.ending import Until
from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common, verb
from bluegreen.cli.measured import run_data, runs_in
from bluegreen.cli.place import Kept, all_kept, find, state_dir_of
from bluegreen.cli.render import table, tree
from bluegreen.cli.screen import Output, Screen
from bluegreen.cli.stop import Stop
from bluegreen.cli.view import View, summary
from bluegreen.cli.words import say_ways_on
from bluegreen.errors import BluegreenError
from bluegreen.record import Record

named = click.argument("name", required=False)
WATCH_S = 0.5
ALONE_S = 1.0
"""Where nobody drives: so long after the time to settle, a look that came to nothing is the state of things."""


@click.command("get")
@named
@click.option("-w", "--watch", is_flag=True, help="Go on looking until Ctrl-C.")
@verb
async def get(common: Common, screen: Screen, name: str | None, watch: bool) -> Exit:
    """Show a rollout: revisions, replicas, who has the traffic on each layer, countdowns, and why.

    With -w on a terminal the tree is live; in a pipe each change is a line, and with -o json each is a JSON value.

    Example: bluegreen get shop -w
    """
    kept = find(common, name)
    if watch:
        return await _watch(kept, screen)
    view = await _look(kept)
    screen.result(view, tree(view, view.at))
    return Exit.OK


async def _look(kept: Kept) -> View:
    rollout = await kept.declared()
    async with kept.looking(rollout) as backend:
        return seen(await looker_of(rollout, backend).look(), kept.driver())


async def _watch(kept: Kept, screen: Screen) -> Exit:
    rollout = await kept.declared()
    told: View | None = None
    with Stop() as stop, screen:
        async with kept.looking(rollout) as backend:
            looker = looker_of(rollout, backend)
            while stop.asked is None:
                view = seen(await looker.look(), kept.driver())
                if screen.output is Output.TEXT:
                    screen.show(view)
                elif told is None or evolve(view, at=told.at) != told:
                    told = view
                    screen.data_line(view.data())
                await stop.pause(WATCH_S)
    return stop.asked or Exit.OK


@click.command("list")
@verb
async def list_(common: Common, screen: Screen) -> Exit:
    """List the rollouts of the state directory.

    Example: bluegreen list
    """
    found = [await _row(kept) for kept in all_kept(common)]
    if screen.output is not Output.TEXT:
        screen.data(found)
    elif not found:
        screen.say(f"no rollout is kept in {state_dir_of(common)}: begin with bluegreen run -f FILE")
    else:
        columns = ("NAME", "PHASE", "CURRENT", "STABLE", "IMAGE", "DRIVER")
        screen.draw(table(columns, [[str(row[key.lower()] or "-") for key in columns] for row in found]))
    return Exit.OK


async def _row(kept: Kept) -> dict[str, str | int | None]:
    """One rollout in a list. One that cannot be read is listed all the same."""
    row: dict[str, str | int | None] = {"name": kept.name, "driver": kept.driver()}
    try:
        view = await _look(kept)
    except BluegreenError as error:
        return {**row, "phase": "Unknown", "current": None, "stable": None, "image": None, "message": str(error)}
    images = next((" ".join(one.images) for one in view.revisions if one.id == view.current), None)
    return {
        **row,
        "phase": view.phase,
        "current": view.current,
        "stable": view.stable,
        "image": images,
        "message": view.message,
    }


@click.command("status")
@named
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait at most so long.")
@verb
async def status(common: Common, screen: Screen, name: str | None, timeout_s: float | None) -> Exit:
    """Wait until a release is Healthy, Degraded, or Paused for a person, and end with that as the exit code.

    It only looks; so it ends at once when nobody drives the rollout. --timeout 0 says how things are now.

    Example: bluegreen status shop --timeout 300
    """
    kept = find(common, name)
    rollout = await kept.declared()
    quiet = Screen(common.output)
    with Stop(timeout_s) as stop:
        async with kept.looking(rollout) as backend:
            looker, clock = looker_of(rollout, backend), asyncio.get_running_loop().time
            alone_s = clock()
            while True:
                look, driver = await looker.look(), kept.driver()
                view, code = seen(look, driver), come_to(look, Until.HEALTHY)
                if driver is not None:
                    alone_s = clock()
                alone = clock() - alone_s > look.rollout.policy.settle_seconds + ALONE_S
                if code is not None or alone or stop.asked is not None:
                    break
                await stop.pause(WATCH_S)
    code = code if code is not None else stop.asked or Exit.TIMED_OUT
    quiet.result(view, summary(view))
    if code is Exit.PAUSED:
        say_ways_on(common, screen, kept.name, view)
    if code is Exit.TIMED_OUT and driver is None:
        screen.say(f"nobody drives it, so nothing will happen: bluegreen serve {kept.name}{common.flags} does")
    return code


@click.command("history")
@named
@verb
async def history(common: Common, screen: Screen, name: str | None) -> Exit:
    """Show what happened to a rollout: what, when, by whom, why; and what was measured, as long as it is kept.

    Example: bluegreen history shop
    """
    record = (await find(common, name).stored()).record
    rows = _happened(record) if record else []
    if screen.output is not Output.TEXT:
        screen.data(rows)
        return Exit.OK
    shown = [(_local(one["at"]), one["what"], one["revision"] or "-", one["by"] or "-", one["why"]) for one in rows]
    screen.draw(table(("WHEN", "WHAT", "REVISION", "BY", "WHY"), shown))
    return Exit.OK


def _local(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S}"


def _happened(record: Record) -> list[dict[str, Any]]:
    """The history, and the analysis runs in it at the time at which they ended (or began, while they run)."""
    rows: list[dict[str, Any]] = [
        {"at": one.at.isoformat(), "what": one.what, "revision": one.revision, "by": one.by, "why": one.why}
        for one in record.history
    ]
    for run in runs_in(record):
        at, what = (run.finished_at or run.started_at).isoformat(), f"Analysis {run.id}: {run.phase}"
        row = {"at": at, "what": what, "revision": run.revision, "by": "", "why": run.message}
        rows.append({**row, "analysis": run_data(run)})
    return sorted(rows, key=lambda row: datetime.fromisoformat(row["at"]))
