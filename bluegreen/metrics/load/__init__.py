"""Synthetic load: so that a preview that has no traffic has something to measure.

    provider:
      load:
        service: shop-preview    # default: the preview Service; or revision: "{{revision}}"
        rate: 100                # requests per second, sent when they are due, whatever the answers do
        duration: 10s
        paths: [{path: /, weight: 9}, {path: /cart, method: POST, body: {item: 1}, expect: [201]}]
    successCondition: result.success >= 0.99 && result.p99 < 250

It aims only where the rollout's own Services and replicas are, follows no redirect, and has hard limits.
"""

from __future__ import annotations

from bluegreen.metrics.load.histogram import Histogram
from bluegreen.metrics.load.provider import Load

__all__ = ["Histogram", "Load"]
