"""Metric providers: where measurements come from.

Each is a class with `measure`, found by its entry point (group `bluegreen.metrics`), whose name is the word under
`provider` in a manifest:

    class Weather:
        def __init__(self, context: Context) -> None: ...
        async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading: ...

It may also have `check(query)`, a static method: what is wrong with a query, found when a manifest is loaded;
`takes_s(query)`, a static method: how many seconds a measurement takes by itself; `close()`, a coroutine, called when
it is needed no more; and `SUCCESS_CONDITION`, for metrics that state no condition.
"""

from __future__ import annotations

from bluegreen.metrics.context import Context, services_of
from bluegreen.metrics.providers import Providers, connect

__all__ = ["Context", "Providers", "connect", "services_of"]
