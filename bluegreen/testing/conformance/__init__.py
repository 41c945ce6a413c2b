"""What an adapter promises, as checks that its author runs with pytest against the real thing.

from bluegreen.testing.conformance import metrics

@pytest.mark.parametrize("rule", metrics.RULES)
async def test_it_keeps_every_rule(rule: str, server: Server) -> None:
    await metrics.check(
        rule,
        metrics.Case(
            make=lambda: Weather(Context("shop")),
            query={"url": server.url, "place": "Bern"},
            numbered=lambda number: {"url": server.url, "place": f"town-{number}"},
            tells=lambda number, answer: answer == number,
            failing={"a wrong token": {"url": server.url, "token": "s3cr3t"}},
            secret="s3cr3t",
            empty={"url": server.url, "place": "nowhere"},
        ),
    )
"""

from __future__ import annotations

from bluegreen.testing.conformance.violation import Violation

__all__ = ["Violation"]
