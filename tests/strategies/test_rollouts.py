"""What is drawn of rollouts and manifests: valid, with every field; what has one thing wrong is refused for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluegreen.errors import SpecError
from bluegreen.manifests import ManifestError, load
from bluegreen.spec import Analysis, BlueGreen, Comparison, Hook, Metric, ProbeSpec, Rollout, RolloutPolicy, RouterSpec
from bluegreen.testing.strategies import NearValid, near_valid_manifests, near_valid_rollouts, rollouts
from bluegreen.testing.strategies import near_valid as broken_in
from bluegreen.testing.strategies.manifests import manifest

pytestmark = pytest.mark.property

KINDS = (Rollout, BlueGreen, RolloutPolicy, RouterSpec, ProbeSpec, Hook, Analysis, Metric, Comparison)
ALWAYS_THE_SAME = {"Rollout.name", "BlueGreen.active_service"}
"""What every rollout has to have, and what nothing depends on."""


def things(value: Any) -> Iterator[Any]:
    """The objects of ours in it, itself included."""
    if isinstance(value, tuple):
        for one in value:
            yield from things(one)
    elif attrs.has(type(value)):
        yield value
        for one in attrs.fields(type(value)):
            yield from things(getattr(value, one.name))


def test_every_field_is_met_with_more_than_one_value() -> None:
    met: dict[str, list[Any]] = {f"{kind.__name__}.{one.name}": [] for kind in KINDS for one in attrs.fields(kind)}

    @settings(max_examples=200, database=None, derandomize=True)
    @given(rollouts())
    def meet(rollout: Rollout) -> None:
        for thing in things(rollout):
            for one in attrs.fields(type(thing)):
                values, value = met.get(f"{type(thing).__name__}.{one.name}", []), getattr(thing, one.name)
                if len(values) < 2 and value not in values:
                    values.append(value)

    meet()
    assert {field for field, values in met.items() if len(values) < 2} == ALWAYS_THE_SAME


@pytest.mark.property
@given(rollouts(gates=()))
def test_the_text_of_a_rollout_loads_into_that_rollout(rollout: Rollout) -> None:
    assert load(manifest(rollout)) == rollout


@given(rollouts(replicas=4, auto_promotion_enabled=st.just(False), settle_seconds=7, preview_service="other"))
def test_what_is_pinned_is_so(rollout: Rollout) -> None:
    assert (rollout.replicas, rollout.strategy.auto_promotion_enabled) == (4, False)
    assert (rollout.policy.settle_seconds, rollout.strategy.preview_service) == (7, "other")


@given(rollouts(min_ready_seconds=5000))
def test_what_depends_on_a_pinned_field_follows_it(rollout: Rollout) -> None:
    assert rollout.progress_deadline_seconds > 5000


def test_a_pin_that_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match=r"replica$"):
        rollouts(replica=1)


@given(near_valid_rollouts())
def test_a_near_valid_rollout_is_refused_for_what_is_wrong(broken: NearValid[Callable[[], Rollout]]) -> None:
    with pytest.raises(SpecError) as refused:
        broken.thing()
    assert any(broken.named_in(problem) for problem in refused.value.problems), broken


@pytest.mark.parametrize("row", broken_in._ROLLOUTS, ids=lambda row: f"{'.'.join(map(str, row[0]))} {row[1]}")
def test_every_way_to_be_wrong_is_refused_where_it_is(row: Any) -> None:
    place, what, change = row
    plain = Rollout(
        name="shop",
        template={"spec": {}},
        strategy=BlueGreen(active_service="shop", pre_promotion_analysis=Analysis((Metric("up", "web"),))),
    )
    with pytest.raises(SpecError) as refused:
        change(plain)
    broken = NearValid(place, what, change)
    assert any(broken.named_in(problem) for problem in refused.value.problems), refused.value


@pytest.mark.property
@given(near_valid_manifests())
def test_a_near_valid_manifest_is_refused_for_what_is_wrong(broken: NearValid[str]) -> None:
    with pytest.raises(ManifestError) as refused:
        load(broken.thing)
    assert any(broken.named_in(problem) for problem in refused.value.problems), f"{broken.what}\n{refused.value}"
