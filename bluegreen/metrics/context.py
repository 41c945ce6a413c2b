"""What a metric provider may know of the rollout that it measures for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from attrs import field, frozen

from bluegreen.spec import RevisionId, Rollout


async def _no_addresses(_revision: RevisionId) -> tuple[str, ...]:
    return ()


@frozen
class Context:
    """The rollout, as far as a provider is concerned.

    `services` gives each of its Services a base URL (`http://127.0.0.1:8080`); `active` and `preview` name the two
    Services of the rollout (`preview` may be empty). `hosts` says where to find what a query names as `host:port`,
    where that is not what it is called here. `addresses` tells a revision's available replicas, `host:port`
    each, as they are now.
    """

    rollout: str
    namespace: str = "default"
    active: str = ""
    preview: str = ""
    services: Mapping[str, str] = field(factory=dict[str, str])
    hosts: Mapping[str, str] = field(factory=dict[str, str])
    addresses: Callable[[RevisionId], Awaitable[tuple[str, ...]]] = _no_addresses


def services_of(rollout: Rollout) -> dict[str, str]:
    """The base URLs of the Services of a rollout on one machine: where `policy.local.listen` says, or own port."""
    own = {one.name: f"127.0.0.1:{one.ports[0].port}" for one in rollout.services if one.ports}
    return {name: f"http://{address}" for name, address in {**own, **rollout.policy.local.listen}.items()}
