"""What people do in a script, and the passing of time."""

from __future__ import annotations

from bluegreen import commands
from bluegreen.errors import IllegalCommand
from bluegreen.spec import RevisionId
from bluegreen.testing.scripts.declaring import declared
from bluegreen.testing.scripts.player import Player

BY = "ann"


async def tick(player: Player, duration: float) -> None:
    """So many seconds pass."""
    await player.tick(duration)


async def calm(player: Player) -> None:
    """The faults stop: from here on it has to finish."""
    await player.calm()


async def check(player: Player) -> None:
    """The eight invariants are checked."""
    await player.check()


async def apply(player: Player, build: str) -> None:
    """Somebody declares a build."""
    player.revision(build)
    await player.declare(f"applies {build}", lambda now: now.with_template(player.template(build)))


def _about(player: Player, build: str = "") -> RevisionId:
    if build:
        return player.revision(build)
    record = player.world.record
    return (record.current if record else None) or RevisionId("none")


async def promote(player: Player, build: str = "") -> None:
    """Somebody promotes the revision in progress, or this one."""
    about = _about(player, build)
    await player.ask("promotes", lambda: player.stage.person.promote(about, by=BY))


async def promote_full(player: Player) -> None:
    """Somebody skips every gate."""
    about = _about(player)
    await player.ask("promotes fully", lambda: player.stage.person.promote_full(about, by=BY))


async def abort(player: Player) -> None:
    """Somebody aborts."""
    about = _about(player)
    await player.ask("aborts", lambda: player.stage.person.abort(about, by=BY))


async def retry(player: Player) -> None:
    """Somebody asks for another attempt."""
    about = _about(player)
    await player.ask("retries", lambda: player.stage.person.retry(about, by=BY))


async def approve(player: Player, gate: str) -> None:
    """Somebody says yes to one gate."""
    about = _about(player)
    await player.ask(f"approves {gate}", lambda: player.stage.person.approve(about, gate=gate, by=BY))


async def undo(player: Player, build: str = "") -> None:
    """Somebody declares what was declared before, or an earlier build that still exists."""

    async def undone() -> None:
        record, now = player.world.record, player.world.stored.rollout or player.rollout
        if record is None:
            raise IllegalCommand("nothing is recorded yet")
        seen = await player.stage.backend().workloads.observe(now)
        to = player.revision(build) if build else None
        await player.stage.person.apply(commands.undo(now, record, seen, to_revision=to))

    await player.ask("undoes it", undone)


async def pause(player: Player) -> None:
    """Somebody sets spec.paused."""
    await player.declare("pauses it", commands.pause)


async def resume(player: Player) -> None:
    """Somebody clears spec.paused."""
    await player.declare("resumes it", commands.resume)


async def scale(player: Player, count: int) -> None:
    """Somebody declares another number of replicas."""
    await player.declare(f"scales it to {count}", player.scaled(count))


async def declare(player: Player, rest: str) -> None:
    """Somebody declares another value of some fields."""
    await player.declare(f"sets {rest}", lambda now: declared(now, rest))
