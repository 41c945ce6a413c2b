"""What happens to engines in a script: crashes, stalls, twins; and engines that are taken through their steps."""

from __future__ import annotations

from typing import Final

from bluegreen.testing.scripts.holding import Held, Holding, call_named, settle
from bluegreen.testing.scripts.outside import part_named
from bluegreen.testing.scripts.player import Player

_EVENTS: Final = {("before", "act"): "Acting", ("after", "act"): "Acted"}


# Engines that drive by themselves.


async def crash(player: Player) -> None:
    """The engine dies here and now."""
    await player.stage.kill("A")


async def dies(player: Player, who: str) -> None:
    """This engine dies here and now."""
    player.process(who)
    await player.stage.kill(who)


async def crash_at(player: Player, when: str, call: str, about: str = "") -> None:
    """The engine dies before or after its next such call (or `act`: whatever it does next)."""
    process = player.process("A")
    if event := _EVENTS.get((when, call)):
        process.deadly_events.append((event, 1))
    elif when in ("before", "after"):
        waiting = process.wire.deadly if when == "before" else process.wire.deadly_after
        waiting.append((call_named(f"{call} {about}".strip()), 1))
    else:
        raise ValueError(f"an engine crashes before or after something, not {when}")


async def restart(player: Player) -> None:
    """The engine is started anew."""
    await player.start("A")


async def clock_jumps(player: Player, duration: float) -> None:
    """The engine is started anew, on a machine whose clock is so much further on."""
    before = player.process("A").jump_s
    await player.start("A", jump_s=before + duration)


async def clock_jumps_back(player: Player, duration: float) -> None:
    """The engine is started anew, on a machine whose clock is so much behind."""
    await clock_jumps(player, -duration)


async def second(player: Player) -> None:
    """A second engine, B, drives the same rollout."""
    await player.start("B")


async def lose(player: Player, call: str, about: str) -> None:
    """The next such call is carried out, and its reply is lost."""
    player.process("A").wire.lost.append((call_named(f"{call} {about}"), 1))


async def cached(player: Player, count: int = 3) -> None:
    """The next looks show what was true a look earlier, as a cache does."""
    player.process("A").looker.stale_looks = count


async def stall(player: Player, who: str, call: str, about: str = "", duration: float | None = None) -> None:
    """This engine does nothing any more from before its next such call on, for a while or until it goes on."""
    player.process(who)
    holding = player.holdings[who]
    holding.stall_before = call_named(f"{call} {about}".strip())
    if duration is not None:
        player.after(duration, holding.release)


async def go_on(player: Player, who: str) -> None:
    """An engine that stalls goes on, with the very call it stalled in."""
    await player.holdings[who].release()


async def cut(player: Player, who: str, part: str) -> None:
    """This engine, and no other, cannot reach a part of the world."""
    player.process(who)
    player.stage.cut(part_named(player, part), who)


async def join(player: Player, who: str, part: str) -> None:
    """It can again."""
    player.stage.join(part_named(player, part), who)


async def stops(player: Player, who: str) -> None:
    """This engine ends in order."""
    process = player.process(who)
    process.engine.stop()
    await process.gone()
    player.stage.processes.pop(who)


# Engines that are stepped.


async def stepped(player: Player, who: str) -> None:
    """An engine that does nothing by itself."""
    await player.start(who, stepped=True)


def _holding(player: Player, who: str) -> Holding:
    if who not in player.telling.stepped:
        raise ValueError(f"{who} is no engine that is stepped: say `engine {who}` first")
    return player.holdings[who]


async def looks(player: Player, who: str, rest: str = "") -> None:
    """It loads the record, if it has not in this turn, and reads these parts, or all that are left."""
    await _begin_turn(player, who)
    wanted = [f"look at {one}" for one in rest.replace(",", " and ").split(" and ") if one.strip()]
    wanted = [" ".join(one.split()) for one in wanted]
    waiting = {one.words: one for one in _reads(player, who)}
    if missing := [one for one in wanted if one not in waiting]:
        raise ValueError(f"{who} cannot {missing[0]} now; it can: {', '.join(waiting) or 'nothing'}")
    for words, one in waiting.items():
        if words in wanted or not wanted:
            await _holding(player, who).permit(one)


async def saves(player: Player, who: str) -> None:
    """It reads what is left, decides, and saves; without anything to save it goes on to what it may do."""
    holding = _holding(player, who)
    if who not in player.telling.decided:
        await looks(player, who)
    player.telling.decided.discard(who)
    waiting = [one for one in holding.held if one.name == "records save" and one.heard]
    if not waiting:
        player.telling.say(f"{who} has nothing to save")
    for one in waiting:
        await holding.permit(one)


async def does(player: Player, who: str, rest: str = "") -> None:
    """It does one thing that it decided, or everything. What it had given up, or was killed in, lands late."""
    holding = _holding(player, who)
    waiting = [one for one in holding.held if one.is_action]
    chosen = [one for one in waiting if one.words == rest] if rest else waiting
    if rest and not chosen:
        raise ValueError(f"{who} cannot {rest} now; it can: {', '.join(one.words for one in waiting) or 'nothing'}")
    for one in chosen[:1] if rest else chosen:
        await holding.permit(one)


def _reads(player: Player, who: str) -> list[Held]:
    return [one for one in _holding(player, who).held if one.name.endswith(" observe") and one.heard]


async def _begin_turn(player: Player, who: str) -> None:
    """Brings it to where the record is loaded, and parts of the world are left to be read."""
    await settle()
    holding = _holding(player, who)
    if _reads(player, who):
        return
    if any(one.name == "records save" and one.heard for one in holding.held):
        raise ValueError(f"{who} has looked, and has yet to save")
    await holding.unanswered()
    await player.wake(who)
    for one in [one for one in holding.held if one.name == "records load" and one.heard]:
        await holding.permit(one)
    if not _reads(player, who):
        raise ValueError(f"{who} does not look now: it is dead, or the record cannot be loaded")
