"""From two readings of each replica to one number for each series."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import frozen
from prometheus_client.parser import text_string_to_metric_families

from bluegreen.metrics.scrape.selectors import Selector

Labels: TypeAlias = frozenset[tuple[str, str]]


@frozen
class Sample:
    """One line of an exposition. A counter goes by its name with and without `_total`."""

    names: tuple[str, ...]
    labels: Labels
    value: float


@frozen
class Pair:
    """One replica, read twice. `seconds`: the time in between."""

    before: Sequence[Sample]
    after: Sequence[Sample]
    seconds: float


@frozen
class Rate:
    """How fast a counter grows, in units per second, summed over its series and replicas."""

    of: Selector

    def value(self, pairs: Sequence[Pair]) -> float | None:
        """None when nothing matches."""
        found = [(increase, pair) for pair in pairs for _, increase in _increases(pair, self.of)]
        return sum(increase / pair.seconds for increase, pair in found) if found else None


@frozen
class Gauge:
    """What a gauge shows at the second reading, summed over its series and replicas."""

    of: Selector

    def value(self, pairs: Sequence[Pair]) -> float | None:
        """None when nothing matches."""
        found = [one.value for pair in pairs for one in _matching(pair.after, self.of)]
        return sum(found) if found else None


@frozen
class Quantile:
    """A quantile of what a histogram observed between the readings, over all its series and replicas."""

    quantile: float
    of: Selector

    def value(self, pairs: Sequence[Pair]) -> float | None:
        """None when nothing matches, or nothing was observed in between."""
        buckets: Counter[float] = Counter()
        for pair in pairs:
            for labels, increase in _increases(pair, self.of):
                bound = dict(labels).get("le")
                if bound is not None:
                    buckets[float(bound)] += increase / pair.seconds  # type: ignore[assignment]
        found = histogram_quantile(self.quantile, buckets)
        return None if math.isnan(found) else found


Series: TypeAlias = Rate | Gauge | Quantile


def samples(text: str) -> list[Sample]:
    """The samples of an exposition in Prometheus's text format. Raises `ValueError` for what is none."""
    found: list[Sample] = []
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            plain = one.name.removesuffix("_total") if family.type == "counter" else one.name
            found.append(Sample((one.name, plain), frozenset(one.labels.items()), float(one.value)))
    return found


def histogram_quantile(quantile: float, buckets: Mapping[float, float]) -> float:
    """As Prometheus computes it: linear inside a bucket, and in the last one the highest finite bound.

    `buckets` are cumulative counts (or rates) by their upper bounds. NaN when they say nothing.
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or bounds[-1] != math.inf:
        return math.nan
    counts, highest = list[float](), 0.0
    for bound in bounds:
        highest = max(highest, buckets[bound])  # readings of several replicas need not be of one moment
        counts.append(highest)
    if not counts[-1]:
        return math.nan
    rank = quantile * counts[-1]
    index = next((place for place, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    if index == len(counts) - 1:
        return bounds[-2]
    if index == 0 and bounds[0] <= 0:
        return bounds[0]
    begin, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    inside = counts[index] - below
    return begin + (bounds[index] - begin) * ((rank - below) / inside) if inside else math.nan


def _matching(found: Iterable[Sample], of: Selector) -> Iterator[Sample]:
    return (one for one in found if of.matches(one.names, dict(one.labels)))


def _increases(pair: Pair, of: Selector) -> Iterator[tuple[Labels, float]]:
    """How much each matching counter grew. One that fell began anew; one that was not there began from nothing."""
    before = {one.labels: one.value for one in _matching(pair.before, of)}
    for one in _matching(pair.after, of):
        had = before.get(one.labels, 0.0)
        yield one.labels, one.value - had if one.value >= had else one.value
