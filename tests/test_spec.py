"""The declaration: Argo's defaults, every problem at once, and images that change."""

from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError

from bluegreen import Rollout
from bluegreen.errors import SpecError
from bluegreen.spec import BlueGreen, OnFailure, RolloutPolicy, RouterSpec
from tests.support.worlds import NOT_YET, Says, changed, rollout, template


def problems(**fields: Any) -> dict[str, str]:
    """What is wrong with a rollout that has these fields, by place."""
    with pytest.raises(SpecError) as caught:
        rollout(**fields)
    return {".".join(map(str, one.path)): one.message for one in caught.value.problems}


def test_the_defaults_are_argos() -> None:
    plain = Rollout("shop", BlueGreen("shop"))
    assert plain.replicas == 1
    assert plain.min_ready_seconds == 0
    assert plain.progress_deadline_seconds == 600
    assert plain.progress_deadline_abort is False
    assert plain.rollback_window_revisions is None
    assert plain.revision_history_limit == 10
    assert plain.paused is False
    assert plain.strategy == BlueGreen(
        active_service="shop",
        preview_service="",
        preview_replica_count=None,
        auto_promotion_enabled=True,
        auto_promotion_seconds=0,
        scale_down_delay_seconds=30,
        scale_down_delay_revision_limit=None,
        abort_scale_down_delay_seconds=30,
        anti_affinity=None,
    )


def test_the_policys_defaults_are_those_of_the_text_form() -> None:
    policy = RolloutPolicy()
    assert [(one.kind, one.name, one.probe) for one in policy.routers] == [("service", "service", None)]
    assert (policy.layer_deadline_seconds, policy.settle_seconds, policy.drain_min_seconds) == (120, 2, 5)
    assert policy.on_failure is OnFailure.ROLLBACK


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("replicas", -1, "spec.replicas"),
        ("min_ready_seconds", -1, "spec.minReadySeconds"),
        ("progress_deadline_seconds", 0, "spec.progressDeadlineSeconds"),
        ("rollback_window_revisions", -1, "spec.rollbackWindow.revisions"),
        ("revision_history_limit", -1, "spec.revisionHistoryLimit"),
        ("preview_replica_count", 0, "spec.strategy.blueGreen.previewReplicaCount"),
        ("auto_promotion_seconds", -1, "spec.strategy.blueGreen.autoPromotionSeconds"),
        ("scale_down_delay_seconds", -1, "spec.strategy.blueGreen.scaleDownDelaySeconds"),
        ("scale_down_delay_revision_limit", -1, "spec.strategy.blueGreen.scaleDownDelayRevisionLimit"),
        ("abort_scale_down_delay_seconds", -1, "spec.strategy.blueGreen.abortScaleDownDelaySeconds"),
        ("layer_deadline_seconds", 0, "spec.policy.layerDeadlineSeconds"),
        ("settle_seconds", -0.1, "spec.policy.settleSeconds"),
        ("drain_min_seconds", -1, "spec.policy.drain.minSeconds"),
    ],
)
def test_a_number_that_is_too_small_is_named_by_its_place(field: str, value: float, place: str) -> None:
    assert problems(**{field: value})[place] == f"{value} is too small"


@pytest.mark.parametrize("field", ["replicas", "scale_down_delay_seconds", "revision_history_limit", "settle_seconds"])
def test_zero_is_a_number_like_any_other(field: str) -> None:
    fields: dict[str, Any] = {field: 0}
    rollout(**fields)


def test_all_problems_are_reported_at_once() -> None:
    found = problems(name="", active_service="", replicas=-1, routers=())
    assert set(found) == {
        "metadata.name",
        "spec.strategy.blueGreen.activeService",
        "spec.replicas",
        "spec.policy.routers",
    }


def test_the_preview_has_a_service_of_its_own() -> None:
    assert "both 'shop'" in problems(preview_service="shop")["spec.strategy.blueGreen.previewService"]


def test_routers_have_different_names() -> None:
    routers = (RouterSpec(name="edge"), RouterSpec(name="inner"), RouterSpec(name="edge"))
    assert problems(routers=routers) == {"spec.policy.routers.2.name": "two routers are named 'edge'"}


def test_gates_have_different_names() -> None:
    found = problems(gates=(Says("check", NOT_YET), Says("other"), Says("check")))
    assert found == {"gates": "two gates are named 'check'"}


def test_a_minimum_of_ready_seconds_that_no_revision_can_reach_in_time_is_refused() -> None:
    found = problems(min_ready_seconds=600)
    assert "no revision could ever be available in time" in found["spec.minReadySeconds"]
    rollout(min_ready_seconds=599)


def test_no_more_revisions_can_run_than_are_kept() -> None:
    found = problems(scale_down_delay_revision_limit=3, revision_history_limit=2)
    assert "3 revisions cannot be kept" in found["spec.strategy.blueGreen.scaleDownDelayRevisionLimit"]
    rollout(scale_down_delay_revision_limit=2, revision_history_limit=2)


def test_a_rollout_does_not_change_in_place() -> None:
    declared = rollout()
    with pytest.raises(FrozenInstanceError):
        declared.replicas = 3  # type: ignore[misc]
    assert declared.with_image("v9") != declared
    assert declared == rollout()


def test_an_image_is_set_on_the_only_container() -> None:
    assert rollout("v1").with_image("v2").template == template("v2")


def two_containers() -> Rollout:
    """A rollout with a side container."""
    containers = [{"name": "app", "image": "app:1"}, {"name": "side", "image": "side:1"}]
    return changed(rollout(), template={"metadata": {"labels": {}}, "spec": {"containers": containers, "x": 1}})


def test_an_image_is_set_on_the_container_named_and_on_no_other() -> None:
    after = two_containers().with_image("side:2", "side").template
    assert after["spec"]["containers"] == [{"name": "app", "image": "app:1"}, {"name": "side", "image": "side:2"}]
    assert after["metadata"] == {"labels": {}}
    assert after["spec"]["x"] == 1


@pytest.mark.parametrize(
    ("container", "words"), [(None, "which container's image?"), ("db", "no container named 'db'")]
)
def test_an_image_for_nobody_in_particular_is_refused_with_the_names_there_are(
    container: str | None, words: str
) -> None:
    with pytest.raises(SpecError, match="app, side") as caught:
        two_containers().with_image("x", container)
    assert words in str(caught.value)


def test_an_image_for_a_template_without_containers_is_refused() -> None:
    with pytest.raises(SpecError, match="The template has: none"):
        Rollout("shop", BlueGreen("shop")).with_image("x")


def test_another_template_replaces_the_whole_one() -> None:
    assert rollout("v1").with_template(template("v2")) == rollout("v2")
