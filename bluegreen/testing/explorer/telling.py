"""A way through the search, told as a trace script: one step a line, to be played again on real engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.states import WORKLOADS, Act, Mind
from bluegreen.testing.scripts.declaring import declared_words

if TYPE_CHECKING:
    from bluegreen.testing.explorer.space import Space

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@frozen
class Move:
    """One step of a way. `who` is the place of the engine that took it, None when none did.

    `before` and `after` are what the engines have in mind, each at its place.
    """

    label: str
    who: int | None
    before: tuple[Mind, ...]
    after: tuple[Mind, ...]


@frozen
class Counterexample:
    """The shortest way that was found to a broken promise. `harm` says which, in words.

    `settings` are what a trace script begins with, `notes` what follows once nothing goes wrong any more.
    """

    harm: str
    lines: tuple[str, ...]
    settings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def script(self) -> str:
        """The way as a trace script: kept in a file it is played on real engines, and its end says what is broken.

        The answers of a check that the search chose (`check of A says yes`) are no part of that language.
        """
        head = [f"# {line}" for line in (f"A search found: {self.harm}", *self.notes)]
        return "\n".join([*head, *self.settings, "", *(f"> {line}" for line in (*self.lines, "check"))]) + "\n"


def settings(scope: Scope) -> tuple[str, ...]:
    """What a script has to declare for the world of a search, before its first command."""
    told = declared_words(scope.rollout)
    return (f"rollout: {told}", f"begin: {'v1 is live' if scope.templates else 'nothing is deployed'}", READY_WHEN_TOLD)


READY_WHEN_TOLD = "pods: ready when told"
GIVEN_UP, LATE = "", "{late}"
"""That an engine gives something up needs no line in a script: its next look says so. Later `{late}` is its name."""


def told(space: Space, moves: Sequence[Move], engines: int) -> tuple[str, ...]:
    """The moves, a line for each thing that is done."""
    return tuple(_Teller(space, engines).tell(moves))


class _Teller:
    def __init__(self, space: Space, engines: int) -> None:
        self._space = space
        self._names = list(LETTERS[:engines])
        self._born = engines
        self._late: dict[Act, str] = {}

    def tell(self, moves: Sequence[Move]) -> list[str]:
        """All lines."""
        scope = self._space.scope
        lines = [] if scope.prepared else [f"{name} needs no preparing" for name in scope.layers]
        lines += [] if scope.probed else [f"{name} has no probe" for name in scope.layers]
        lines += [f"engine {name}" for name in self._names]
        lines += [f"apply {name}" for name in scope.templates[:1]]
        for move in moves:
            lines += self._looks(move)
            name = self._names[move.who] if move.who is not None else ""
            lines += self._named(move, name).splitlines()
            if move.who is not None and move.label.endswith(" dies"):
                self._names[move.who] = LETTERS[self._born % len(LETTERS)]
                self._born += 1
                lines.append(f"engine {self._names[move.who]}")
            lines += self._given_up(move)
        return lines

    def _named(self, move: Move, name: str) -> str:
        if move.who is not None and move.label == GIVEN_UP:
            before, after = move.before[move.who].acts, move.after[move.who].acts
            self._late.update((act, name) for act in before if act not in after)
        if not move.label.startswith(LATE):
            return move.label.replace("{}", name)
        words = move.label.removeprefix(f"{LATE} does ")
        owner = next(whose for act, whose in self._late.items() if told_act(act, self._space) == words)
        return move.label.replace(LATE, owner)

    def _looks(self, move: Move) -> list[str]:
        """What the others have read just before, for it is about to change."""
        lines: list[str] = []
        for place, (before, after) in enumerate(zip(move.before, move.after, strict=True)):
            if place == move.who or after.looks is None:
                continue
            old = before.looks or (None,) * len(after.looks)
            parts = [self._part(number) for number, one in enumerate(after.looks) if one and old[number] is None]
            if parts:
                lines.append(f"{self._names[place]} looks at {' and '.join(parts)}")
        return lines

    def _part(self, number: int) -> str:
        return "workloads" if number == WORKLOADS else self._space.scope.layers[number - 1]

    def _given_up(self, move: Move) -> list[str]:
        """What comes to nothing: a save over a record that has changed, an action whose object has."""
        lines: list[str] = []
        for place, (before, after) in enumerate(zip(move.before, move.after, strict=True)):
            name = self._names[place]
            if place != move.who and before.looks is not None and after.looks is None:
                lines.append(f"{name} saves")
            if place != move.who:
                lost = [act for act in before.acts if act not in after.acts]
                lines += [f"{name} does {told_act(act, self._space)}" for act in lost]
        return lines


def told_act(act: Act, space: Space, *, call: bool = False) -> str:
    """A few words for an action; `call`: for the call that carries it out, whatever it is about."""
    scope = space.scope
    match act.kind:
        case "point":
            words = f"point {scope.layers[act.on]}"
            return words if call else f"{words} at {scope.revisions[act.revision]}"
        case "preview":
            words = f"point the preview of {scope.layers[act.on]}"
            return f"point {scope.layers[act.on]}" if call else f"{words} at {scope.revisions[act.revision]}"
        case "prepare":
            return f"prepare {scope.layers[act.on]}"
        case "ensure":
            return f"ensure {scope.revisions[act.on]}"
        case "retire":
            return "scale down" if call else f"scale {scope.revisions[act.on]} down"
        case "forget":
            return f"forget {scope.revisions[act.on]}"
        case _:
            return f"{'measure' if act.kind == 'start' else act.kind} {space.decider.keys.things[act.on].run}"
