"""Rules for `Workloads`: what becomes of a revision, and what a look shows of it."""

from __future__ import annotations

from attrs import evolve

from bluegreen.snapshot import WorkloadsState
from bluegreen.testing.conformance.calling import must
from bluegreen.testing.conformance.workloads.stage import On, replicas

LONG_S = 3600
"""So long no replica of a rule has been ready."""


def _same(state: WorkloadsState) -> list[tuple[object, ...]]:
    """What no look may change."""
    return [(one.id, one.ordinal, one.replicas, one.version) for one in state.revisions]


async def names_stay(on: On) -> None:
    """Whoever asks, whatever was made since, and whatever else the rollout declares."""
    names = [await on.name(one) for one in (on.a, on.b, on.c)]
    must(len(set(names)) == len(names), f"three templates have three names, and these came: {names}")
    await on.ensure(on.a, 1)
    await on.ensure(on.b, 1)
    again = [await on.name(one) for one in (on.a, on.b, on.c)]
    must(again == names, f"a template's name changed from {names} to {again}")
    other = evolve(on.a, replicas=on.a.replicas + 1, progress_deadline_seconds=on.a.progress_deadline_seconds + 1)
    must(await on.name(other) == names[0], "the name changed although the template did not")
    if on.stage.another is not None:
        told = (await on.look(on.a, on.stage.another)).template
        must(told == names[0], f"another adapter calls the revision {told}, and this one {names[0]}")


async def looking_changes_nothing(on: On) -> None:
    """Also when it is asked about a template of which there is no revision."""
    await on.ensure(on.a, 2)
    before = await on.look()
    for rollout in (on.a, on.b, on.a):
        now = await on.look(rollout)
        must(_same(now) == _same(before), f"observe changed {_same(before)} to {_same(now)}")


async def ensure_makes_its_own(on: On) -> None:
    """A revision that is there may be scaled up under another template, and none is made but the declared one."""
    a, b = await on.name(on.a), await on.name(on.b)
    await on.calls.refused(on.adapter.ensure(on.a, b, 1), "ensure of a revision that another template makes")
    must(not (await on.look()).revisions, "ensure was refused, and a revision is there all the same")
    made = await on.ensure(on.a, 1)
    must(made.id == a, f"ensure made revision {made.id}, and was asked for {a}")
    await on.calls.done(on.adapter.ensure(on.b, a, 2), "ensure of a revision that is there, once another is declared")
    now = await on.look()
    must([one.id for one in now.revisions] == [a], f"ensure of {a} made {[one.id for one in now.revisions]}")
    replicas(now.revisions[0], 2, "once another template is declared and it was ensured,")


async def ensure_never_lowers(on: On) -> None:
    """Asked for fewer replicas than there are, it leaves them."""
    for asked, left in ((2, 2), (1, 2), (0, 2), (3, 3), (2, 3)):
        replicas(await on.ensure(on.a, asked), left, f"ensure never lowers: asked for {asked},")


async def retire_never_raises(on: On) -> None:
    """Asked for more replicas than there are, it adds none."""
    await on.ensure(on.a, 2)
    for asked, left in ((3, 2), (1, 1), (2, 1), (0, 0), (1, 0)):
        replicas(await on.retire(on.a, asked), left, f"retire never raises: asked for {asked},")


async def only_the_empty_is_forgotten(on: On) -> None:
    """Its neighbours stay."""
    now = await on.ensure(on.a, 1)
    await on.calls.refused(on.adapter.forget(now.id, if_version=now.version), "forget of a revision with replicas")
    replicas(await on.seen(on.a), 1, "after a forget that was refused")
    await on.ensure(on.b, 1)
    await on.gone(on.a)
    left = [one.id for one in (await on.look()).revisions]
    must(left == [await on.name(on.b)], f"one revision of two was forgotten, and these are left: {left}")
    await on.calls.done(on.adapter.forget(now.id, if_version=now.version), "forget of what is gone")
    replicas(await on.seen(on.b), 1, "after another was forgotten")


async def ordinals_grow(on: On) -> None:
    """A revision's ordinal stays, and a new one's is greater than those that are there."""
    made = [await on.ensure(one, 1) for one in (on.a, on.b)]
    must(made[0].ordinal < made[1].ordinal, f"ordinals grow, and {made[0].ordinal} came before {made[1].ordinal}")
    await on.ensure(on.a, 2)
    await on.retire(on.a, 0)
    now = [(await on.seen(one)).ordinal for one in (on.a, on.b)]
    must(now == [one.ordinal for one in made], f"writes changed the ordinals from {[o.ordinal for o in made]} to {now}")
    await on.gone(on.a)
    again = (await on.ensure(on.a, 1)).ordinal
    must(again > now[1], f"a revision made anew is the youngest, and has ordinal {again} beside {now[1]}")
    must((await on.seen(on.b)).ordinal == now[1], "another revision's birth changed an ordinal")


async def what_is_there_is_told(on: On) -> None:
    """Availability, addresses and templates, as they come."""
    made = await on.ensure(on.a, 2)
    must(made.template == on.a.template, f"revision {made.id} was made from another template than {made.template!r}")
    now = await on.comes(on.a, 2)
    told = now.addresses
    must(told == tuple(sorted(set(told))), f"addresses are sorted, each once, and these came: {told}")
    must(len(told) in (0, 2), f"two replicas are available, and these addresses came: {told}")
    must(all(one.rpartition(":")[2].isdigit() for one in told), f"addresses are host:port, and these came: {told}")
    await on.ensure(on.b, 1)
    other = await on.comes(on.b, 1)
    must(other.template == on.b.template, f"revision {other.id} shows another template: {other.template!r}")
    must(not set(other.addresses) & set(told), f"two revisions have an address in common: {told}, {other.addresses}")
    if on.stage.fail is not None:
        await on.stage.fail(now.id)
        await on.calls.until(
            lambda: _one_is_missing(on), "a replica that failed is not available, nor its address told"
        )


async def _one_is_missing(on: On) -> bool:
    now = await on.seen(on.a)
    return now.available < 2 and len(now.addresses) < 2


async def availability_takes_its_time(on: On) -> None:
    """Ready is not available, before minReadySeconds."""
    await on.ensure(on.a, 1)
    await on.comes(on.a, 1)
    deadline = LONG_S + on.a.progress_deadline_seconds
    slow = evolve(on.a, min_ready_seconds=LONG_S, progress_deadline_seconds=deadline)
    await on.ensure(slow, 1)

    async def unavailable() -> bool:
        return (await on.seen(slow)).available == 0

    await on.calls.until(unavailable, f"with minReadySeconds {LONG_S} nothing is available yet")
