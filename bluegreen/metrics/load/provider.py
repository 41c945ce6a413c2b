"""The provider `load`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.fields import Fields, problems_of, usable
from bluegreen.metrics.load.plan import DURATION_MAX_S, TIMEOUT_MAX_S, Plan, plan_of
from bluegreen.metrics.load.shooting import Shooting
from bluegreen.spec import JSON, RevisionId


class Load:
    """Sends requests at a steady rate to one of the rollout's own Services, or to the replicas of one revision.

    The result is a map: `count` (requests that were due), `rps` (answers per second), `success` (the share of `count`
    that was answered as expected), `statuses` ({"200": n}), `p50`, `p90`, `p99`, `p999` and `max` (milliseconds from
    when a request was due to the end of its answer, or of its timeout; null when every request was refused), `errors`
    ({"timeout": n, "refused": n, "reset": n, "unsent": n, ...}). That nothing answers is a result, too: `success` is 0.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    async def measure(self, query: Mapping[str, JSON]) -> JSON:
        """One load, which takes as long as the query says, and two timeouts longer at most.

        Raises `PermanentBackendError` for a query that cannot be sent, or that aims at something that is not the
        rollout's own, and `BackendError` for a revision without replicas.
        """
        plan = usable("load", query, plan_of)
        return await Shooting(plan, await self._aims(plan)).run()

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query. Whether a Service is the rollout's own is known only when it is measured."""
        return problems_of(query, plan_of)

    @staticmethod
    def takes_s(query: Mapping[str, JSON]) -> float:
        """How many seconds one measurement takes at most; what is left to an argument counts with its limit."""
        fields = Fields(query, filled=False)
        plan = plan_of(fields)
        duration_s = DURATION_MAX_S if fields.open("duration") else plan.duration_s
        return duration_s + 2 * (TIMEOUT_MAX_S if fields.open("timeout") else plan.timeout_s)

    async def _aims(self, plan: Plan) -> list[str]:
        """The base URLs that requests take turns with."""
        if plan.revision:
            addresses = await self._context.addresses(RevisionId(plan.revision))
            if not addresses:
                raise BackendError("the revision that load aims at has no available replicas")
            return [f"http://{address}" for address in addresses]
        services = self._context.services
        service = plan.service or self._context.preview
        if not service:
            remedy = "give it a service: or a revision:, or the rollout a previewService"
            raise PermanentBackendError("load has nothing to aim at: the rollout has no preview Service", remedy=remedy)
        if service not in services:
            remedy = f"aim at one of these: {', '.join(sorted(services)) or 'none has an address'}"
            raise PermanentBackendError("load aims only at the rollout's own Services, and this is none", remedy=remedy)
        return [services[service]]
