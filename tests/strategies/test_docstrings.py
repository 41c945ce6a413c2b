"""The example in each strategy's docstring runs, and holds."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluegreen.backends.memory import NEVER
from bluegreen.errors import SpecError
from bluegreen.manifests import ManifestError, load
from bluegreen.spec import Analysis, Metric, Rollout
from bluegreen.testing import strategies
from bluegreen.testing.simulator import Build, Crash, Faults, Series, Silence, World, simulate
from tests.strategies.sketch import POLICY

pytestmark = pytest.mark.property

_EXAMPLE = re.compile(r"^ *@given\(.*?(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
WITH_EXAMPLES = (
    *("rollouts", "near_valid_rollouts", "manifests", "near_valid_manifests", "metrics", "analyses"),
    *("worlds", "bad_builds", "good_builds", "series", "fault_plans", "commands"),
)
FEW = 5
SIMULATED = {"rollouts", "worlds", "commands"}
"""Their examples play releases."""
SLOW = pytest.mark.property


def names() -> dict[str, Any]:
    """What a reader of an example has imported."""
    mine: list[Any] = [*(Build, Crash, Faults, Series, Silence, World, Analysis, Metric, Rollout, SpecError)]
    mine += [ManifestError, load, simulate, given, pytest, timedelta, strategies.NearValid, Callable]
    known = {one.__name__: one for one in mine} | {"st": st, "NEVER": NEVER, "SHOP": load(POLICY)}
    return known | {name: getattr(strategies, name) for name in strategies.__all__}


@pytest.mark.parametrize("name", [pytest.param(one, marks=SLOW if one in SIMULATED else ()) for one in WITH_EXAMPLES])
def test_the_example_of_a_strategy_holds(name: str) -> None:
    found = _EXAMPLE.findall(inspect.getdoc(getattr(strategies, name)) or "")
    assert len(found) == 1, f"{name} has {len(found)} examples"
    known = names()
    before = set(known)
    exec("from __future__ import annotations\n" + textwrap.dedent(found[0]), known)
    (test,) = (known[one] for one in set(known) - before if one.startswith("test_"))
    settings(max_examples=FEW, database=None)(test)()
