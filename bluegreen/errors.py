"""Errors that say whose fault it is, and what to do next.

Every error of ours is a `BluegreenError`. The branch says who has to act:

    SpecError        the declaration is wrong: its author changes the manifest
    CommandError     the request does not fit the rollout's state: the person who asked looks again
    BackendError     the world did not do as asked: the engine retries, unless it is `permanent`
    RecordError      the memory cannot be used: an operator looks
    RolloutDegraded, WaitTimedOut    what `wait_for` raises
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen


class BluegreenError(Exception):
    """The root of every error that this library raises on purpose."""


@frozen
class Problem:
    """One thing that is wrong with a declaration.

    `path` names the place inside the object, in the manifest's own words: `("spec", "strategy", "blueGreen",
    "activeService")`; numbers index lists. `remedy` is a sentence that says what to write instead, or empty.
    """

    path: tuple[str | int, ...]
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = ".".join(str(part) for part in self.path)
        return f"{place}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class SpecError(BluegreenError):
    """The declaration cannot be used. `problems` holds all that is wrong with it, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CommandError(BluegreenError):
    """A command that changes nothing, because it does not fit the rollout's state; the message says what would."""


class IllegalCommand(CommandError):
    """The command makes no sense in this phase (promote when nothing waits to be promoted)."""


class StaleCommand(CommandError):
    """The command names a revision or an attempt that is no longer the one in progress."""


class BackendError(BluegreenError):
    """An adapter could not do as asked. `retry_after_s`: seconds to wait before another try, None = the engine
    decides."""

    permanent = False

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class PermanentBackendError(BackendError):
    """Trying again changes nothing until a person acts. `remedy` says what they should do."""

    permanent = True

    def __init__(self, message: str, *, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(f"{message} ({remedy})")


class Conflict(BackendError):
    """A write was refused because its object changed since it was read: look again, then decide again."""


class RecordError(BluegreenError):
    """The record cannot be used."""


class RecordConflict(RecordError):
    """Somebody else saved the record first: load it again, look again, decide again."""


class RecordFromTheFuture(RecordError):
    """A newer version of this library wrote the record. Nothing is done with it: upgrade this program."""


class RecordDamaged(RecordError):
    """The stored record is not one. Nothing is done with it; the message names the place that does not fit."""


class RolloutDegraded(BluegreenError):
    """Raised by `wait_for` when the rollout is Degraded. `phase` is that phase, with its reason and its way out."""

    def __init__(self, phase: object) -> None:
        self.phase = phase
        super().__init__(str(getattr(phase, "message", phase)))


class WaitTimedOut(BluegreenError, TimeoutError):
    """Raised by `wait_for` when the wanted phase did not come in time; the message says which phase it is in."""
