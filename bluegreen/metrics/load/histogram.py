"""Latencies, counted with three significant digits in little memory, as HDR histograms do."""

from __future__ import annotations

import math
from collections import Counter

_DIGITS_BITS = 11
"""Values keep so many leading bits: 1/1024 is the largest error."""


class Histogram:
    """How often each latency came. Microseconds go in; milliseconds come out."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._max_us = 0
        self.count = 0

    def add(self, microseconds: float) -> None:
        """One more latency; less than nothing counts as nothing."""
        value = max(int(microseconds), 0)
        shift = max(value.bit_length() - _DIGITS_BITS, 0)
        self._counts[value >> shift << shift] += 1
        self._max_us = max(self._max_us, value)
        self.count += 1

    @property
    def max_ms(self) -> float | None:
        """The largest, exactly; None of nothing."""
        return self._max_us / 1000 if self.count else None

    def quantile_ms(self, share: float) -> float | None:
        """The least latency that this share (0 to 1) of them does not exceed, rounded up by 0.1% at most; None of
        nothing."""
        rank = max(math.ceil(round(share * self.count, 6)), 1)
        for value in sorted(self._counts):
            rank -= self._counts[value]
            if rank <= 0:
                shift = max(value.bit_length() - _DIGITS_BITS, 0)
                return min(value + (1 << shift) - 1, self._max_us) / 1000
        return None
