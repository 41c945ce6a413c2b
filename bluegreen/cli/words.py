"""What a command says at its end: where the rollout is, and what to type to go on."""

from __future__ import annotations

import shlex

from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common
from bluegreen.cli.place import Kept
from bluegreen.cli.screen import Screen
from bluegreen.cli.view import View, summary
from bluegreen.gates import PROMOTION
from bluegreen.record import PauseReason


def farewell(common: Common, kept: Kept, screen: Screen, code: Exit) -> None:
    """Says how it ended, and the command that goes on from here."""
    view, name = screen.last, shlex.quote(kept.name)
    if view is None:
        screen.say(f"{kept.name}: nothing was looked at yet")
        return
    screen.say(summary(view))
    driver = kept.driver()
    match code:
        case Exit.PAUSED | Exit.OK if view.waits_for_a_person:
            say_ways_on(common, screen, kept.name, view)
        case Exit.INTERRUPTED | Exit.TERMINATED | Exit.TIMED_OUT:
            why = "not done in time" if code is Exit.TIMED_OUT else "stopped"
            screen.say(f"{why}: what runs goes on running; {_who(common, name, driver)}")
        case _ if driver is None and any(one.retained and one.retires_at for one in view.revisions):
            screen.say(f"an old revision is still running; {_who(common, name, None)}, and retires it in time")
        case _:
            pass


def say_ways_on(common: Common, screen: Screen, name: str, view: View) -> None:
    """Says what to type to go on, and, where something was found that a person has to look at, the other ways."""
    name, revision = shlex.quote(name), f" --revision {view.current}{common.flags}"
    if view.reason == PauseReason.INCONCLUSIVE:
        screen.say(f"to measure once more: bluegreen promote {name}{revision}")
    screen.say(f"to go on: {going_on(common, name, view)}")
    if view.gate and view.reason != PauseReason.SPEC:
        screen.say(f"to give up: bluegreen abort {name}{revision}")


def going_on(common: Common, name: str, view: View) -> str:
    """The command that a paused rollout waits for."""
    revision = f" --revision {view.current}"
    if view.reason == PauseReason.SPEC:
        return f"bluegreen resume {name}{common.flags}"
    if view.gate in ("", PROMOTION):
        return f"bluegreen promote {name}{revision}{common.flags}"
    return f"bluegreen approve {name} --gate {shlex.quote(view.gate)}{revision}{common.flags}"


def _who(common: Common, name: str, driver: int | None) -> str:
    if driver:
        return f"process {driver} goes on driving it"
    return f"nobody drives it now; bluegreen serve {name}{common.flags} does"
