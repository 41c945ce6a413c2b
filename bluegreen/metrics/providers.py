"""The providers that are installed, each made when it is first needed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from bluegreen.metrics.context import Context, services_of
from bluegreen.plugins import METRICS, NoSuchPlugin, find, installed
from bluegreen.ports import MetricProvider, Workloads
from bluegreen.spec import RevisionId, Rollout


class Providers(Mapping[str, MetricProvider]):
    """Every installed provider by its name, and those of one's own. Looking one up makes it."""

    def __init__(self, context: Context, own: Mapping[str, MetricProvider] | None = None) -> None:
        self._context = context
        self._made: dict[str, Any] = dict(own or {})
        self._own = frozenset(self._made)

    def __getitem__(self, name: str) -> MetricProvider:
        if name not in self._made:
            try:
                self._made[name] = find(METRICS, name)(self._context)
            except NoSuchPlugin as error:
                raise KeyError(str(error)) from error
        made: MetricProvider = self._made[name]
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*installed(METRICS), *self._made}))

    def __len__(self) -> int:
        return len({*installed(METRICS), *self._made})

    def __contains__(self, name: object) -> bool:
        return name in self._made or name in installed(METRICS)

    async def close(self) -> None:
        """Closes what was made; not one's own."""
        for name, made in self._made.items():
            if name not in self._own and hasattr(made, "close"):
                with suppress(Exception):
                    await made.close()


@asynccontextmanager
async def connect(
    rollout: Rollout,
    workloads: Workloads,
    *,
    services: Mapping[str, str] | None = None,
    own: Mapping[str, MetricProvider] | None = None,
) -> AsyncGenerator[Providers]:
    """The providers for one rollout; `workloads` tells them where a revision's replicas are.

    `services`: the base URL of each Service; None takes those of this machine. `own` are further providers.
    """

    async def addresses(revision: RevisionId) -> tuple[str, ...]:
        seen = await workloads.observe(rollout)
        return next((one.addresses for one in seen.revisions if one.id == revision), ())

    context = Context(
        rollout=rollout.name,
        namespace=rollout.namespace,
        active=rollout.strategy.active_service,
        preview=rollout.strategy.preview_service,
        services=services_of(rollout) if services is None else services,
        hosts=rollout.policy.local.hosts,
        addresses=addresses,
    )
    providers = Providers(context, own)
    try:
        yield providers
    finally:
        await providers.close()
