"""What metrics say of a build as time goes by: how bad it is, or that there is nothing to be said."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeAlias

from attrs import frozen


class Silence(StrEnum):
    """Four ways of a measurement to come back without a value."""

    NO_DATA = "no data"
    NAN = "NaN"
    INFINITE = "Inf"
    ERROR = "error"


Said: TypeAlias = float | Silence
"""How bad a build is: 0 as good as can be, 1 what every condition refuses, between them what is between; or silence."""

GOOD: Final = 0.0
BAD: Final = 1.0


@frozen
class Piece:
    """From `from_s` seconds on, until the next piece; `per_s` is by how much it gets worse in a second."""

    from_s: float
    says: Said
    per_s: float = 0.0


@frozen
class Series:
    """What is said at each moment; seconds count from when there is somebody to say it of. Before that it is good.

    With `every_s` it begins anew after so many seconds.
    """

    pieces: tuple[Piece, ...] = ()
    every_s: float | None = None

    def at(self, seconds: float) -> Said:
        """What is said so many seconds after the beginning."""
        now_s = seconds % self.every_s if self.every_s else seconds
        said: Said = GOOD
        for piece in self.pieces:
            if piece.from_s > now_s:
                break
            said = piece.says
            if not isinstance(said, Silence) and piece.per_s:
                said = min(max(said + piece.per_s * (now_s - piece.from_s), GOOD), BAD)
        return said

    @property
    def bad(self) -> bool:
        """Whether it is ever as bad as can be."""
        return any(one.says == BAD or one.per_s > 0 for one in self.pieces)


def steady(says: Said = GOOD) -> Series:
    """The same all the time."""
    return Series((Piece(0.0, says),))


def step(at_s: float, says: Said = BAD) -> Series:
    """Good, and from one moment on something else."""
    return Series((Piece(at_s, says),))


def ramp(from_s: float, for_s: float) -> Series:
    """Good, then worse from moment to moment, until it is as bad as can be."""
    return Series((Piece(from_s, GOOD, 1.0 / for_s),))


def spike(at_s: float, for_s: float, says: Said = BAD) -> Series:
    """Something else for a while: a spike of errors, a gap in the data (`Silence.NO_DATA`), a provider that is away."""
    return Series((Piece(at_s, says), Piece(at_s + for_s, GOOD)))


def flapping(every_s: float, says: Said = BAD) -> Series:
    """Good and something else by turns, each for half of `every_s` seconds."""
    return Series((Piece(0.0, GOOD), Piece(every_s / 2, says)), every_s)
