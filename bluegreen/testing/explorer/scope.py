"""What may happen in a search, how often, and which rules of the world hold."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from bluegreen.spec import JSON, RevisionId, Rollout

COMMANDS: Final = ("abort", "promote", "promote-full", "retry", "apply", "undo")
"""What people may do: the last two declare the next template, and the one before."""

BEGINS: Final = ("applied", "promoting", "promoted")
"""Where a search may begin; see `Scope`."""


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
    """The bounds of a search.

    `templates` are the revisions after the first, `v1`; with none at all the search begins with nothing deployed. Else
    `begins` says when: with v1 settled and the next one just `applied`; `promoting`, once the first layer has been
    pointed at it; or `promoted`, once it is Healthy. Numbers say how often a thing may happen in one run, and `ticks`
    how often time may pass (None: without end). `commands` may be named several times. `answers` is what a measurement
    may come back with; of a hook: True success, False failure, None that it did not begin. `preview`, `prepared` and
    `probed`: what the layers are like.
    """

    rollout: Rollout
    engines: int = 2
    crashes: int = 1
    refusals: int = 1
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
        return ("", "crash", "refuse", "hide", "outsider", "fail", "tick", *COMMANDS)

    def budget(self) -> tuple[int, ...]:
        """How often each cost may be paid."""
        given = (self.crashes, self.refusals, self.blind, self.outsiders, self.pod_failures, self.ticks or 0)
        return (0, *given, *(self.commands.count(one) for one in COMMANDS))
