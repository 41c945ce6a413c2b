"""What an adapter promises, as checks that its author runs with pytest against the real thing.

There are five suites, one for each port: `workloads`, `router`, `records`, `hooks` and `metrics`. Each has its `RULES`
in sentences, a `Case` that says how to make the adapter, `check(rule, case)`, and `check_all(case)`; what breaks a rule
raises `Violation`.

from bluegreen.testing.conformance import router

@asynccontextmanager
async def fresh() -> AsyncGenerator[router.Stage]:
    async with gateway() as url, ClientSession() as http:
        yield router.Stage(GatewayRouter("edge", url, http), another=GatewayRouter("edge", url, http))

@pytest.mark.parametrize("rule", router.RULES)
async def test_it_keeps_every_rule(rule: str) -> None:
    await router.check(rule, router.Case(make=fresh, targets=(FIRST, SECOND, THIRD)))
"""

from __future__ import annotations

from typing import Final

from bluegreen.testing.conformance.violation import Violation

__all__ = ["SUITES", "Violation"]

SUITES: Final = ("workloads", "router", "records", "hooks", "metrics")
"""The names of the suites, each a module here."""
