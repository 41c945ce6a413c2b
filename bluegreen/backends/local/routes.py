"""What the proxies are told: plain configurations, made from a small state and read back from them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from typing import Final

from attrs import evolve, field, frozen

from bluegreen.snapshot import NOTHING, Foreign, Nothing, RouterState, Slot, Target
from bluegreen.spec import JSON, RevisionId

MARKER_HEADER: Final = "X-Bluegreen-Revision"
"""The response header that names the revision whose replica answered. An answer of the proxy's own has none."""

_DIAL_AGAIN_S = "5s"
_STREAMS_STAY_S = "24h"


@frozen
class Routes:
    """Where each slot leads, and the addresses of every revision that may be pointed at.

    `nonce` is new in every configuration that is ever written, so no two have the same hash. None: points at nothing.
    """

    active: RevisionId | None = None
    preview: RevisionId | None = None
    pools: Mapping[RevisionId, tuple[str, ...]] = field(factory=dict[RevisionId, tuple[str, ...]])
    nonce: str = ""

    def shows(self, slot: Slot) -> RevisionId | None:
        """The revision that the slot leads to."""
        return self.active if slot is Slot.ACTIVE else self.preview

    def pointed(self, slot: Slot, revision: RevisionId) -> Routes:
        """The same with this slot elsewhere."""
        return evolve(self, active=revision) if slot is Slot.ACTIVE else evolve(self, preview=revision)

    def prepared(self, targets: Mapping[RevisionId, tuple[str, ...]]) -> Routes:
        """The same with these pools and no others, but what a slot shows stays addressable."""
        shown = {one: self.pools[one] for one in (self.active, self.preview) if one is not None and one in self.pools}
        return evolve(self, pools={**shown, **targets})

    def only(self, addresses: Collection[str]) -> Routes:
        """The same with no other addresses than these."""
        kept = {name: tuple(one for one in pool if one in addresses) for name, pool in self.pools.items()}
        return evolve(self, pools=kept)

    def renewed(self) -> Routes:
        """The same with a nonce that was never used before."""
        return evolve(self, nonce=secrets.token_hex(8))


def back_config(routes: Routes, tag: str) -> dict[str, JSON]:
    """The configuration of a back proxy: a unix socket for each slot, led to the replicas of its revision.

    The sockets are in a folder of this configuration alone, named by its nonce: whoever connects to one is never
    accepted by what is left of the configuration before. `tag` is another name of the proxy's own folder.
    """
    state = {
        "handler": "vars",
        "nonce": routes.nonce,
        "active": routes.active,
        "preview": routes.preview,
        "pools": {revision: list(addresses) for revision, addresses in sorted(routes.pools.items())},
    }
    servers = {slot.value: _back_server(slot, routes, tag) for slot in Slot}
    servers["active"]["named_routes"] = {"state": {"handle": [state]}}  # nothing invokes it: it only keeps the state
    return _config(servers)


def _back_server(slot: Slot, routes: Routes, tag: str) -> dict[str, JSON]:
    listen = f"unix/{tag}/{routes.nonce}/{slot.value}.sock|0600"
    revision = routes.shows(slot)
    addresses = routes.pools.get(revision, ()) if revision is not None else ()
    if revision is None or not addresses:
        why = f"revision {revision} has no available replica" if revision else "no revision is pointed at yet"
        handler = {"handler": "static_response", "status_code": 503, "body": f"{slot.value}: {why}\n"}
        return _server(listen, handler)
    handler = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": address} for address in addresses],
        # A replica that just died refuses the connection: the next one is tried. What has reached a replica is tried
        # again only if it was a GET.
        "load_balancing": {"selection_policy": {"policy": "round_robin"}, "retries": 3, "try_interval": "50ms"},
        # An idle connection is dropped before the program can: most servers keep one for two seconds or more.
        "transport": {"protocol": "http", "keep_alive": {"idle_timeout": "1s"}},
        "headers": {"response": {"set": {MARKER_HEADER: [revision]}}},
        "stream_close_delay": _STREAMS_STAY_S,
    }
    return {**_server(listen, handler), "trusted_proxies_unix": True}


def front_config(listen: Mapping[Slot, str]) -> dict[str, JSON]:
    """The configuration of the front proxy, which never changes during a release: whatever it serves goes to the live
    back proxy, by a connection of its own for each request."""
    servers: dict[str, JSON] = {}
    for slot, address in listen.items():
        handler = {
            "handler": "reverse_proxy",
            "upstreams": [{"dial": f"unix/../live/{slot.value}.sock"}],
            "transport": {"protocol": "http", "keep_alive": {"enabled": False}},
            "load_balancing": {"try_duration": _DIAL_AGAIN_S, "try_interval": "20ms"},
        }
        servers[slot.value] = _server(address, handler)
    return _config(servers)


def read_routes(config: JSON) -> Routes | None:
    """The state that a back proxy's configuration was made from; None when it keeps none."""
    try:
        state = config["apps"]["http"]["servers"]["active"]["named_routes"]["state"]["handle"][0]
        pools = {RevisionId(name): tuple(addresses) for name, addresses in state["pools"].items()}
        return Routes(state["active"], state["preview"], pools, state["nonce"])
    except (KeyError, IndexError, TypeError, AttributeError):
        return None


def router_state(config: JSON, version: str, in_flight: Mapping[str, int], *, has_preview: bool) -> RouterState:
    """What a look at the live proxy shows. `in_flight` counts the requests under way, by replica address."""
    routes = read_routes(config)
    if routes is None or back_config(routes, _tag(config)) != config:
        what = Foreign("a proxy configuration that somebody edited by hand")
        pools = frozenset(Target(one, addresses) for one, addresses in (routes.pools if routes else {}).items())
        return RouterState(what, version, what if has_preview else None, prepared=pools, note=what.what)

    def shown(revision: RevisionId | None) -> RevisionId | Nothing:
        return NOTHING if revision is None else revision

    live = routes.pools.get(routes.active, ()) if routes.active is not None else ()
    return RouterState(
        active=shown(routes.active),
        version=version,
        preview=shown(routes.preview) if has_preview else None,
        prepared=frozenset(Target(one, addresses) for one, addresses in routes.pools.items()),
        drained=not any(count for address, count in in_flight.items() if address not in live),
    )


def _tag(config: JSON) -> str:
    """The tag that a back proxy's configuration was made with; empty when there is none."""
    try:
        return str(config["apps"]["http"]["servers"]["active"]["listen"][0]).split("/")[1]
    except (KeyError, IndexError, TypeError):
        return ""


def _server(listen: str, handler: JSON) -> dict[str, JSON]:
    return {"listen": [listen], "automatic_https": {"disable": True}, "routes": [{"handle": [handler]}]}


def _config(servers: Mapping[str, JSON]) -> dict[str, JSON]:
    return {
        "admin": {"listen": "unix/admin.sock|0600", "config": {"persist": False}},
        # A failed request's line would hold its address, and so may hold a secret.
        "logging": {"logs": {"default": {"level": "ERROR", "exclude": ["http.log"]}}},
        "apps": {"http": {"servers": dict(servers)}},
    }
