"""What may happen in a search, how often, and which rules of the world hold."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from attrs import field, frozen

from bluegreen.spec import JSON, RevisionId, Rollout
from bluegreen.testing.explorer.check import checked

COMMANDS: Final = ("abort", "promote", "promote-full", "retry", "apply", "undo")
"""What people may do: the last two declare the next template, and the one before."""

BEGINS: Final = ("applied", "promoting", "promoted")
"""Where a search may begin; see `Scope`."""

CACHES: Final = ("", "marked", "live")
"""What a look may read instead of the world; see `Guards`."""


@frozen
class Guards:
    """What the world and the engine guarantee. A search with one of them taken away shows what it is good for."""

    cas_layers: bool = True
    cas_workloads: bool = True
    cas_record: bool = True
    tokens_are_unique: bool = True
    """False: a layer's token is a hash of its content, and comes back with it."""
    record_first: bool = True
    """False: a look reads the world, and loads the record only then."""
    caches: str = ""
    """`marked`: what a look shows may be older than the record, and says so; `live`: it does not say so."""


@frozen
class Scope:
    """The bounds of a search. Raises `ValueError` for what there is not.

    An analysis of the rollout is replaced by a `Check`: one measurement, which may say anything.
    `templates` are the revisions after the first, `v1`; with none at all the search begins with nothing deployed. Else
    `begins` says when: with v1 settled and the next one just `applied`; `promoting`, once the first layer has been
    pointed at it; or `promoted`, once it is Healthy. Numbers say how often a thing may happen in one run, and `ticks`
    how often time may pass (None: without end). `commands` may be named several times. `answers` is what a measurement
    may come back with; of a hook: True success, False failure, None that it did not begin. `preview`, `prepared` and
    `probed`: what the layers are like.
    """

    rollout: Rollout = field(converter=checked)
    engines: int = 2
    crashes: int = 1
    refusals: int = 1
    given_up: int = 1
    blind: int = 1
    outsiders: int = 1
    pod_failures: int = 1
    commands: tuple[str, ...] = ("abort", "retry")
    ticks: int | None = None
    templates: tuple[str, ...] = ("v2",)
    answers: tuple[JSON, ...] = (True, False, None)
    preview: bool = False
    prepared: bool = False
    probed: bool = True
    begins: str = "applied"
    guards: Guards = Guards()

    def __attrs_post_init__(self) -> None:
        """A misspelt bound would make a smaller search that calls itself complete."""
        _known("commands", self.commands, COMMANDS)
        _known("begins", (self.begins,), BEGINS)
        _known("caches", (self.guards.caches,), CACHES)
        if self.engines < 1:
            raise ValueError(f"a search needs at least one engine; engines is {self.engines}")
        for name in ("crashes", "refusals", "given_up", "blind", "outsiders", "pod_failures", "ticks"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} says how often a thing may happen: 0 or more; it is {getattr(self, name)}")
        if not self.answers or any(isinstance(one, dict | list) for one in self.answers):
            raise ValueError(f"answers needs at least one, and each a single value; it is {self.answers}")
        if len(set(self.revisions)) < len(self.revisions):
            raise ValueError(f"templates are named once each, and v1 is there already; they are {self.templates}")
        if "apply" in self.commands and len(self.templates) < 2 and "undo" not in self.commands:
            raise ValueError("apply declares the template after the next one: name two or more templates")

    @property
    def revisions(self) -> tuple[RevisionId, ...]:
        """All revisions that there may be, oldest first."""
        return tuple(RevisionId(one) for one in ("v1", *self.templates))

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers' names, in the order of promotion."""
        return tuple(one.name for one in self.rollout.policy.routers)

    @property
    def costs(self) -> tuple[str, ...]:
        """What has a budget, by name; the number of a cost is its place here, and the first costs nothing."""
        return ("", "crash", "refuse", "give up", "hide", "outsider", "fail", "tick", *COMMANDS)

    def budget(self) -> tuple[int, ...]:
        """How often each cost may be paid."""
        given = (self.crashes, self.refusals, self.given_up, self.blind, self.outsiders, self.pod_failures)
        return (0, *given, self.ticks or 0, *(self.commands.count(one) for one in COMMANDS))


def _known(name: str, given: Iterable[str], there: tuple[str, ...]) -> None:
    for one in given:
        if one not in there:
            near = get_close_matches(one, there, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise ValueError(f"{name}: there is no {one!r}; {meant}There is {', '.join(filter(None, there))}")
