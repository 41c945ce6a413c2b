"""`function`: callables of all kinds, and what may go wrong in them."""

import asyncio
import threading
from collections.abc import Mapping
from functools import partial

import pytest

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.metrics import Context, Providers
from bluegreen.metrics.function import Function, Measuring
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON
from bluegreen.testing.conformance import metrics


def plain(query: Mapping[str, JSON]) -> JSON:
    if query.get("token"):
        raise ValueError(f"no such token: {query['token']}")
    return {"number": query["number"], "main": threading.current_thread() is threading.main_thread()}


async def awaited(query: Mapping[str, JSON]) -> JSON | NoData | Reading:
    await asyncio.sleep(0.001)
    if query.get("hung"):
        raise BackendError("the shop does not answer")
    return NoData([]) if query.get("empty") else Reading([query["number"]], [{"shop": "bern"}])


FUNCTIONS: dict[str, Measuring] = {
    "plain": plain,
    "awaited": awaited,
    "odd": lambda _query: {1, 2},
    "late": partial(awaited),
}


async def test_a_plain_one_runs_in_a_thread_and_gets_the_query_without_the_name() -> None:
    assert await Function(FUNCTIONS).measure({"name": "plain", "number": 3}) == {"number": 3, "main": False}


@pytest.mark.parametrize("name", ["awaited", "late"])
async def test_one_that_has_to_be_awaited_is(name: str) -> None:
    function = Function(FUNCTIONS)
    assert await function.measure({"name": name, "number": 3}) == Reading([3], [{"shop": "bern"}])
    assert await function.measure({"name": name, "empty": True}) == NoData([])


async def test_an_exception_is_told_by_its_kind_and_place_and_not_by_its_text() -> None:
    with pytest.raises(BackendError, match=r"^the function plain raised ValueError in test_function\.py, line \d+$"):
        await Function(FUNCTIONS).measure({"name": "plain", "token": "s3cret"})


async def test_what_it_says_itself_is_passed_on() -> None:
    with pytest.raises(BackendError, match=r"^the shop does not answer$"):
        await Function(FUNCTIONS).measure({"name": "awaited", "hung": True})


async def test_a_result_that_is_no_json_is_refused() -> None:
    with pytest.raises(PermanentBackendError, match="set"):
        await Function(FUNCTIONS).measure({"name": "odd"})


async def test_an_unknown_name_is_refused_when_it_is_loaded_and_when_it_is_measured() -> None:
    function = Function(FUNCTIONS)
    assert [str(one) for one in function.check({"name": "plian"})] == [
        "name: there is no function of this name (there is: plain)"
    ]
    for query in ({"name": "other"}, {"name": "{{args.x}}"}, {}):
        with pytest.raises(PermanentBackendError):
            await function.measure(query)


async def test_it_is_found_beside_the_installed_ones() -> None:
    providers = Providers(Context("shop"), {"function": Function(FUNCTIONS)})
    assert await providers["function"].measure({"name": "plain", "number": 1}) == {"number": 1, "main": False}


@pytest.mark.parametrize("rule", metrics.RULES)
async def test_it_keeps_the_rules_for_metric_providers(rule: str) -> None:
    await metrics.check(
        rule,
        metrics.Case(
            make=lambda: Function(FUNCTIONS),
            query={"name": "plain", "number": 1},
            numbered=lambda number: {"name": "awaited" if number % 2 else "plain", "number": number},
            tells=lambda number, answer: answer == [number] or (number % 2 == 0 and answer["number"] == number),
            failing={
                "an exception": {"name": "plain", "token": "s3cret"},
                "an error": {"name": "awaited", "hung": True, "token": "s3cret"},
                "no such function": {"name": "s3cret"},
            },
            permanent={"no such function"},
            secret="s3cret",
            empty={"name": "awaited", "empty": True},
        ),
    )
