"""What a revision's replicas say of themselves: rates and quantiles from their own /metrics, with no other server.

provider:
  scrape:
    revision: "{{args.hash}}"    # with "{{revision}}" both revisions are read: result.preview, result.active
    interval: 10s
    series:
      requests: {rate: 'http_requests_total'}
      errors: {rate: 'http_requests_total{code=~"5.."}'}
      p99: {quantile: 0.99, of: 'http_request_duration_seconds_bucket'}
successCondition: result.requests > 1 && default(result.errors, 0) / result.requests < 0.01
"""

from __future__ import annotations

from bluegreen.metrics.scrape.provider import Scrape

__all__ = ["Scrape"]
