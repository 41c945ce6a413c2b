"""Chance: choices that a seed makes, the same ones every time and on every machine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, TypeVar

from attrs import define

T = TypeVar("T")

WAITS_S: Final = (0.0, 0.0, 0.1, 0.5, 1.0, 2.0, 6.0, 15.0, 35.0, 70.0, 300.0)
"""How long it takes until the next thing happens: many things within one step of an engine, some long after."""


@define
class Chance:
    """One run's luck."""

    luck: random.Random

    @staticmethod
    def of(seed: int) -> Chance:
        """The luck that goes with this seed."""
        return Chance(random.Random(seed))

    def one(self, *choices: T) -> T:
        """One of these, each as likely."""
        return choices[self.luck.randrange(len(choices))]

    def some(self, choices: Sequence[T], most: int) -> tuple[T, ...]:
        """From none to so many of these, each once, in their order."""
        count = self.luck.randint(0, min(most, len(choices)))
        return tuple(choices[at] for at in sorted(self.luck.sample(range(len(choices)), count)))

    def once_in(self, times: int) -> bool:
        """Yes, once in so many times."""
        return self.luck.randrange(times) == 0

    def seconds(self, most_s: float) -> float:
        """Up to so many seconds, in tenths."""
        return self.luck.randint(0, round(most_s * 10)) / 10

    def wait_s(self) -> float:
        """Seconds until the next thing happens."""
        return self.one(*WAITS_S)
