"""What people ask of a release under way: promote, approve, abort, retry, pause, resume, undo, set image."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable

import click

from bluegreen import commands
from bluegreen.cli.driving import looker_of, see_through, seen
from bluegreen.cli.ending import Until
from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common, driving_verb
from bluegreen.cli.place import Kept, find
from bluegreen.cli.run import first_line
from bluegreen.cli.screen import Screen
from bluegreen.cli.stop import Stop
from bluegreen.cli.words import farewell
from bluegreen.engine import Engine
from bluegreen.errors import IllegalCommand
from bluegreen.spec import RevisionId, Rollout

BEGIN_S = 3.0
"""How long a command waits for the driver to begin the revision that was declared a moment ago."""

NUMBER_LENGTH_MAX = 18
"""No revision has a longer number; Python refuses to read a very long one."""

named = click.argument("name", required=False)
for_revision = click.option("--revision", metavar="ID", help="The revision it is for; default: the one in progress.")


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"


@click.command("promote")
@named
@for_revision
@click.option("--full", is_flag=True, help="Skip every gate of this attempt; recorded with your name.")
@driving_verb
async def promote(common: Common, screen: Screen, name: str | None, revision: str | None, full: bool) -> Exit:
    """Let the paused release go on to live traffic.

    It opens the pause before promotion, for this attempt only. With --full it skips every gate; traffic still moves
    only to replicas that are available.

    Example: bluegreen promote shop
    """

    async def ask(engine: Engine, current: RevisionId) -> None:
        await (engine.promote_full if full else engine.promote)(current, by=_person())

    return await _command(common, screen, name, revision, ask, "promote")


@click.command("approve")
@named
@for_revision
@click.option("--gate", required=True, help="The name of the gate.")
@driving_verb
async def approve(common: Common, screen: Screen, name: str | None, revision: str | None, gate: str) -> Exit:
    """Say yes to one gate, for this release in this attempt.

    Example: bluegreen approve shop --gate qa
    """

    async def ask(engine: Engine, current: RevisionId) -> None:
        await engine.approve(current, gate=gate, by=_person())

    return await _command(common, screen, name, revision, ask, f"approve {gate}")


@click.command("abort")
@named
@for_revision
@click.option("--why", default="", help="For the history.")
@driving_verb
async def abort(common: Common, screen: Screen, name: str | None, revision: str | None, why: str) -> Exit:
    """Take live traffic back to the stable revision, at once.

    After a release is done it goes back to the previous revision, as long as that one is retained.

    Example: bluegreen abort shop --why "errors at the checkout"
    """

    async def ask(engine: Engine, current: RevisionId) -> None:
        await engine.abort(current, by=_person(), why=why)

    return await _command(common, screen, name, revision, ask, "abort")


@click.command("retry")
@named
@for_revision
@driving_verb
async def retry(common: Common, screen: Screen, name: str | None, revision: str | None) -> Exit:
    """Try an aborted release again, with all its gates.

    Example: bluegreen retry shop
    """

    async def ask(engine: Engine, current: RevisionId) -> None:
        await engine.retry(current, by=_person())

    return await _command(common, screen, name, revision, ask, "retry")


@click.command("pause")
@named
@driving_verb
async def pause(common: Common, screen: Screen, name: str | None) -> Exit:
    """Start no promotion until it is resumed (spec.paused).

    Replicas are minded and an abort works as before. Declaring the manifest again sets what the manifest says.

    Example: bluegreen pause shop
    """
    return await _declare(common, screen, name, "pause", commands.pause)


@click.command("resume")
@named
@driving_verb
async def resume(common: Common, screen: Screen, name: str | None) -> Exit:
    """Let promotions start again (clears spec.paused).

    Example: bluegreen resume shop
    """
    return await _declare(common, screen, name, "resume", commands.resume)


@click.command("undo")
@named
@click.option("--to-revision", metavar="N", help="A revision's number or identifier; default: the one before.")
@driving_verb
async def undo(common: Common, screen: Screen, name: str | None, to_revision: str | None) -> Exit:
    """Declare an earlier revision again.

    A revision that was stable before, and still runs, goes live at once; others pass the gates as any release does.

    Example: bluegreen undo shop --to-revision 3
    """
    numbered = to_revision is not None and to_revision.isdecimal() and len(to_revision) <= NUMBER_LENGTH_MAX
    target = int(to_revision) if to_revision is not None and numbered else to_revision
    kept = find(common, name)
    rollout = await kept.declared()
    async with kept.looking(rollout) as backend:
        stored, state = await backend.records.load(), await backend.workloads.observe(rollout)
    record = stored.record
    if record is None:
        raise IllegalCommand(f"nothing of {kept.name} has been released yet: there is nothing to go back to")
    to = target if isinstance(target, int) or target is None else RevisionId(target)
    return await _declare(
        common, screen, kept.name, "undo", lambda now: commands.undo(now, record, state, to_revision=to)
    )


@click.group("set")
def set_() -> None:
    """Change one thing of what is declared."""


@set_.command("image")
@click.argument("words", metavar="[NAME] [CONTAINER=]IMAGE", nargs=-1, required=True)
@driving_verb
async def set_image(common: Common, screen: Screen, words: tuple[str, ...]) -> Exit:
    """Release another image.

    Example: bluegreen set image shop shop:v2
    """
    if len(words) not in (1, 2):
        raise click.UsageError("expected [NAME] [CONTAINER=]IMAGE")
    name = words[0] if len(words) == 2 else None
    container, equals, image = words[len(words) - 1].rpartition("=")
    change = commands.set_image
    return await _declare(
        common, screen, name, "set image", lambda now: change(now, image, container if equals else None)
    )


async def _command(
    common: Common,
    screen: Screen,
    name: str | None,
    revision: str | None,
    ask: Callable[[Engine, RevisionId], Awaitable[None]],
    what: str,
) -> Exit:
    """Saves a command for whoever drives; drives to the next rest itself when nobody does."""
    kept = find(common, name)
    rollout = await kept.declared()
    if what != "abort":  # which must not wait for anything
        await kept.must_have_secrets(rollout)
    screen.say(first_line(common))
    async with kept.looking(rollout) as backend:
        engine = Engine(rollout, backend)
        await ask(engine, RevisionId(revision) if revision else await in_progress(kept, engine))
    return await _saved(common, screen, kept, what)


async def _declare(
    common: Common, screen: Screen, name: str | None, what: str, change: Callable[[Rollout], Rollout]
) -> Exit:
    """Saves a changed declaration for whoever drives; drives to the next rest itself when nobody does."""
    kept = find(common, name)
    rollout = await kept.declared()
    if what != "pause":
        await kept.must_have_secrets(rollout)
    screen.say(first_line(common))
    async with kept.looking(rollout) as backend:
        await Engine(rollout, backend).change(change)
    return await _saved(common, screen, kept, what)


async def in_progress(kept: Kept, engine: Engine) -> RevisionId:
    """The revision in progress. One that was declared a moment ago is waited for, as long as somebody drives.

    Raises `IllegalCommand` when its release does not begin.
    """
    patience = asyncio.get_running_loop().time() + BEGIN_S
    while True:
        stored = await engine.backend.records.load()
        state = await engine.backend.workloads.observe(stored.rollout or engine.rollout)
        current = stored.record.current if stored.record else None
        if current == state.template:
            return state.template
        if not kept.driver() or asyncio.get_running_loop().time() > patience:
            waits = f"revision {state.template} is declared, but its release has not begun"
            raise IllegalCommand(f"{waits}: bluegreen serve {kept.name} begins it; or name another with --revision")
        await asyncio.sleep(0.1)


async def _saved(common: Common, screen: Screen, kept: Kept, what: str) -> Exit:
    if driver := kept.driver():
        screen.say(f"{what}: saved; process {driver} drives {kept.name} and notices within a second")
        if common.output is not common.output.TEXT:
            rollout = await kept.declared()
            async with kept.looking(rollout) as backend:
                screen.result(seen(await looker_of(rollout, backend).look(), driver))
        return Exit.OK
    screen.say(f"{what}: saved; nobody drives {kept.name}, so it is driven from here until nothing is due")
    with Stop() as stop:
        with screen:
            code = await see_through(kept, await kept.declared(), screen, stop, Until.RETIRED)
        farewell(common, kept, screen, code)
        screen.result(screen.last)
    asked_for = {"abort": (Exit.DEGRADED, "Aborted"), "pause": (Exit.PAUSED, "ManuallyPaused")}
    if screen.last and (code, screen.last.reason) == asked_for.get(what):
        return Exit.OK
    return code
