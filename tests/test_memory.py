"""The memory backend keeps every promise of the ports."""

import asyncio

import pytest

from bluegreen import Record, Slot, Target
from bluegreen.backends.memory import NEVER, World, over, revision_of
from bluegreen.errors import Conflict, RecordConflict
from bluegreen.ports import Backend
from bluegreen.snapshot import EVERYTHING, NOTHING, RevisionState
from tests.support.engines import on_two_layers
from tests.support.worlds import START, V1, V2, rollout, template


async def revision(backend: Backend, name: str = V1) -> RevisionState:
    """The revision as a look shows it."""
    state = await backend.workloads.observe(rollout())
    return next(one for one in state.revisions if one.id == name)


# Workloads.


@on_two_layers
async def test_the_same_template_always_makes_the_same_revision(world: World, backend: Backend) -> None:
    state = await backend.workloads.observe(rollout("v1"))
    assert state.template == V1 == revision_of(template("v1"))
    assert state.revisions == ()
    assert V1 != V2


@on_two_layers
async def test_ensure_makes_the_revision_and_never_lowers_it(world: World, backend: Backend) -> None:
    await backend.workloads.ensure(rollout(), V1, 3)
    await backend.workloads.ensure(rollout(), V1, 1)
    assert (await revision(backend)).replicas == 3
    await backend.workloads.ensure(rollout(), V1, 5)
    assert (await revision(backend)).replicas == 5


@on_two_layers
async def test_ensure_always_changes_the_version(world: World, backend: Backend) -> None:
    versions = []
    for _ in range(3):
        await backend.workloads.ensure(rollout(), V1, 2)
        versions.append((await revision(backend)).version)
    assert len(set(versions)) == 3


@on_two_layers
async def test_ensure_cannot_make_what_the_template_does_not(world: World, backend: Backend) -> None:
    with pytest.raises(Conflict):
        await backend.workloads.ensure(rollout("v1"), V2, 2)


@on_two_layers
async def test_retire_lowers_and_never_raises(world: World, backend: Backend) -> None:
    await backend.workloads.ensure(rollout(), V1, 3)
    for replicas, left in ((5, 3), (2, 2), (0, 0)):
        await backend.workloads.retire(V1, if_version=(await revision(backend)).version, replicas=replicas)
        assert (await revision(backend)).replicas == left


@on_two_layers
async def test_retire_is_refused_once_the_version_changed_and_changes_it_itself(world: World, backend: Backend) -> None:
    await backend.workloads.ensure(rollout(), V1, 3)
    version = (await revision(backend)).version
    await backend.workloads.retire(V1, if_version=version, replicas=3)
    with pytest.raises(Conflict):
        await backend.workloads.retire(V1, if_version=version)
    assert (await revision(backend)).replicas == 3
    with pytest.raises(Conflict):
        await backend.workloads.retire(V2, if_version=version)


@on_two_layers
async def test_forget_takes_only_what_has_no_replicas(world: World, backend: Backend) -> None:
    await backend.workloads.ensure(rollout(), V1, 1)
    with pytest.raises(Conflict):
        await backend.workloads.forget(V1, if_version=(await revision(backend)).version)
    old = (await revision(backend)).version
    await backend.workloads.retire(V1, if_version=old)
    with pytest.raises(Conflict):
        await backend.workloads.forget(V1, if_version=old)
    await backend.workloads.forget(V1, if_version=(await revision(backend)).version)
    assert world.revisions == {}
    await backend.workloads.forget(V1, if_version="any")


@on_two_layers
async def test_ordinals_follow_birth_and_never_change(world: World, backend: Backend) -> None:
    for image in ("v1", "v2", "v3"):
        await backend.workloads.ensure(rollout(image), revision_of(template(image)), 1)
    world.delete_elsewhere(V2)
    await backend.workloads.ensure(rollout("v4"), revision_of(template("v4")), 1)
    assert [one.ordinal for one in world.revisions.values()] == [1, 3, 4]


@on_two_layers
async def test_availability_counts_min_ready_seconds(world: World, backend: Backend) -> None:
    declared = rollout(min_ready_seconds=30)
    world.ready_after_s = 10
    await backend.workloads.ensure(declared, V1, 2)
    seen = []
    for _ in range(5):
        (state,) = (await backend.workloads.observe(declared)).revisions
        seen.append((state.ready, state.available, len(state.addresses)))
        await asyncio.sleep(10)
    assert seen == [(0, 0, 0), (2, 0, 0), (2, 0, 0), (2, 0, 0), (2, 2, 2)]


@on_two_layers
async def test_every_replica_has_an_address_of_its_own(world: World, backend: Backend) -> None:
    await backend.workloads.ensure(rollout(), V1, 300)
    await backend.workloads.ensure(rollout("v2"), V2, 300)
    assert len({*(await revision(backend)).addresses, *(await revision(backend, V2)).addresses}) == 600


@on_two_layers
async def test_one_image_may_be_a_bad_build(world: World, backend: Backend) -> None:
    world.set_ready_after("v2", NEVER)
    await backend.workloads.ensure(rollout(), V1, 2)
    await backend.workloads.ensure(rollout("v2"), V2, 2)
    await asyncio.sleep(10**6)
    assert (await revision(backend)).available == 2
    assert (await revision(backend, V2)).available == 0


@on_two_layers
async def test_replicas_fail_for_a_while_or_until_they_recover(world: World, backend: Backend) -> None:
    await backend.workloads.ensure(rollout(), V1, 3)
    world.fail(V1, 1, for_s=10)
    assert (await revision(backend)).available == 2
    await asyncio.sleep(10)
    assert (await revision(backend)).available == 3
    world.fail(V1)
    await asyncio.sleep(10**6)
    assert (await revision(backend)).available == 0
    world.recover(V1)
    assert (await revision(backend)).available == 3


# Routers.


@on_two_layers
async def test_a_layer_points_nowhere_at_first(world: World, backend: Backend) -> None:
    state = await backend.routers[0].observe()
    assert (state.active, state.preview) == (NOTHING, NOTHING)
    assert [one.name for one in backend.routers] == ["outer", "inner"]


@on_two_layers
async def test_every_accepted_write_changes_the_version_even_one_of_the_same_value(
    world: World, backend: Backend
) -> None:
    router, versions = backend.routers[0], []
    for _ in range(4):
        versions.append((await router.observe()).version)
        await router.point(Slot.ACTIVE, V1, if_version=versions[-1])
    versions.append((await router.observe()).version)
    assert len(set(versions)) == 5


@on_two_layers
async def test_a_write_on_an_old_version_is_refused_and_changes_nothing(world: World, backend: Backend) -> None:
    router = backend.routers[0]
    version = (await router.observe()).version
    await router.point(Slot.ACTIVE, V1, if_version=version)
    with pytest.raises(Conflict):
        await router.point(Slot.ACTIVE, V2, if_version=version)
    assert world.live() == {"outer": V1, "inner": NOTHING}


@on_two_layers
async def test_the_two_slots_share_a_version_and_keep_their_values(world: World, backend: Backend) -> None:
    router = backend.routers[0]
    await router.point(Slot.ACTIVE, V1, if_version=(await router.observe()).version)
    await router.point(Slot.PREVIEW, V2, if_version=(await router.observe()).version)
    state = await router.observe()
    assert (state.active, state.preview) == (V1, V2)
    assert state.preview_version is None


@on_two_layers
async def test_an_outsider_changes_the_version_too(world: World, backend: Backend) -> None:
    version = (await backend.routers[0].observe()).version
    world.point_elsewhere("outer", EVERYTHING)
    with pytest.raises(Conflict):
        await backend.routers[0].point(Slot.ACTIVE, V1, if_version=version)


@on_two_layers
async def test_preparing_keeps_what_is_shown_and_drops_the_rest(world: World, backend: Backend) -> None:
    router = backend.routers[0]
    one, two, three = (Target(name, (f"127.0.0.1:{port}",)) for port, name in enumerate((V1, V2, revision_of({}))))
    await router.prepare([one, two, three])
    await router.point(Slot.ACTIVE, V1, if_version=(await router.observe()).version)
    await router.point(Slot.PREVIEW, V2, if_version=(await router.observe()).version)
    await router.prepare([])
    state = await router.observe()
    assert state.prepared == frozenset({one, two})
    assert (state.active, state.preview) == (V1, V2)
    newer = Target(V1, ("127.0.0.1:99",))
    await router.prepare([newer])
    assert (await router.observe()).prepared == frozenset({newer, two})


@on_two_layers
async def test_the_data_plane_follows_after_its_time_and_drains_after_its_own(world: World, backend: Backend) -> None:
    layer, router = world.layers["outer"], backend.routers[0]
    layer.converge_after_s, layer.drains_after_s = 5, 8
    await router.point(Slot.ACTIVE, V1, if_version=layer.version)
    seen = []
    for _ in range(4):
        state = await router.observe()
        seen.append((state.converged, state.drained))
        await asyncio.sleep(3)
    assert seen == [(False, False), (False, False), (True, False), (True, True)]


# Records.


@on_two_layers
async def test_nothing_is_stored_at_first(world: World, backend: Backend) -> None:
    stored = await backend.records.load()
    assert (stored.record, stored.rollout) == (None, None)


@on_two_layers
async def test_what_was_saved_is_loaded(world: World, backend: Backend) -> None:
    record = Record.new(START)
    version = await backend.records.save(record, rollout(), if_version=(await backend.records.load()).version)
    stored = await over(world).records.load()
    assert (stored.version, stored.record, stored.rollout) == (version, record, rollout())
    assert world.record is record


@on_two_layers
async def test_a_save_on_an_old_version_is_refused_even_when_nothing_differs(world: World, backend: Backend) -> None:
    first = (await backend.records.load()).version
    second = await backend.records.save(None, None, if_version=first)
    assert second != first
    with pytest.raises(RecordConflict):
        await backend.records.save(None, None, if_version=first)
    assert await backend.records.save(None, None, if_version=second) not in (first, second)
