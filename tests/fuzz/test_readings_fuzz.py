"""What is made of an answer once it is there: each place of a real one replaced by each thing that does not belong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.errors import BackendError
from bluegreen.metrics import graphite, influxdb, prometheus, web
from bluegreen.metrics.http import Reply
from tests.fuzz.bounds import bounded, peak_mib
from tests.fuzz.shapes import ANY_JSON, HUGE, deep, edited, places
from tests.fuzz.test_replies_fuzz import BOMBS, MATRIX, REFUSAL, RENDERED, ROWS, SAID, SCALAR, vector
from tests.fuzz.wire import SECRET, judge_error, judge_value

pytestmark = pytest.mark.property

READERS: dict[str, tuple[Callable[[Reply], Any], list[Any]]] = {
    "prometheus": (prometheus._reading, [vector("1", "NaN"), MATRIX, SCALAR, REFUSAL]),
    "graphite": (graphite._reading, [RENDERED]),
    "influxdb": (influxdb._reading, [ROWS, {"results": [{"error": "no such thing"}]}]),
    "web": (lambda reply: web._found(reply, ""), [SAID]),
    "web, a path": (lambda reply: web._found(reply, "{$..list[?@.a > 0].a}"), [SAID]),
    "web, any path": (lambda reply: web._found(reply, "{$.data['ok','rate','list'][0:9:2]}"), [SAID]),
}
WRONG: list[Any] = [
    None,
    True,
    0,
    -1,
    HUGE,
    -HUGE,
    float("nan"),
    float("inf"),
    1e308,
    "",
    "NaN",
    "1_0",
    "\ud800",
    SECRET * 3,
    "x" * 5000,
    [],
    [None],
    [[]],
    [1, 2, 3],
    [[1, 2], [3, 4]],
    [[[], 1]],
    ["ab", "cd"],
    {},
    {"": None},
    {"histogram": 1},
    {"value": 5, "values": 5},
    json.loads(deep(300)),
]


def read(name: str, body: bytes) -> object:
    """What the reader makes of it, judged."""
    reader, _ = READERS[name]
    with bounded():
        try:
            answer = reader(Reply(200, "127.0.0.1:9090", body, {}, hide=(SECRET,)))
        except BackendError as error:
            judge_error(error)
            return error
        judge_value(answer)
    return answer


def replaced(tree: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The tree with something else at this place."""
    changed = copy.deepcopy(tree)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = new
    return changed


@pytest.mark.parametrize("name", READERS)
def test_nothing_in_any_place_of_an_answer_surprises_its_reader(name: str) -> None:
    for known in READERS[name][1]:
        for path in [*places(known), *((*path, "warnings") for path in [()])]:
            for wrong in WRONG:
                if path != ("warnings",) or isinstance(known, dict):
                    read(name, json.dumps(replaced(known, path, wrong)).encode())


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("bomb", [one for one in BOMBS if one != "more than is read"])
def test_no_answer_that_means_harm_surprises_its_reader(name: str, bomb: str) -> None:
    read(name, BOMBS[bomb])


@pytest.mark.parametrize("name", ["prometheus", "web"])
def test_the_largest_answer_does_not_take_much_memory(name: str) -> None:
    """1 MiB of it is read at most."""
    body = json.dumps(vector(*["1"] * 9_000)).encode()
    assert 2**19 < len(body) < 2**20
    assert peak_mib(lambda: read(name, body)) < 50


@pytest.mark.property
@pytest.mark.parametrize("name", READERS)
@given(st.data())
def test_no_edit_of_an_answer_surprises_its_reader(name: str, data: st.DataObject) -> None:
    known = data.draw(st.sampled_from(READERS[name][1]))
    read(name, json.dumps(data.draw(edited(known, ANY_JSON | st.sampled_from(WRONG)))).encode())


def test_the_table_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bluegreen.metrics.graphite._number", lambda value: {value})
    with pytest.raises(AssertionError, match="can never be kept"):
        read("graphite", json.dumps(RENDERED).encode())
