"""Worlds: what builds are like, above all the bad ones, and what metrics say of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from hypothesis import strategies as st

from bluegreen.backends.memory import NEVER
from bluegreen.spec import HookPoint, Rollout
from bluegreen.testing.simulator.series import BAD, Piece, Series, Silence, flapping, ramp, spike, steady, step
from bluegreen.testing.simulator.world import Build, LayerManners, Release, World
from bluegreen.testing.strategies.choosing import first, seconds

NAMES: Final = ("next", "later", "latest")
"""What the builds that are released are called, in their order; the one that is live before is `stable`."""
BADNESS: Final = (
    "bad from the start",
    "bad after a while",
    "bad when live",
    "worse and worse",
    "flapping",
    "silent, then bad",
    "never ready",
    "crash loop",
    "hooks fail",
    "passing",
)
"""What may be wrong with a build. `passing` is bad for some seconds only; no one who looks later can tell."""
LASTING: Final = tuple(one for one in BADNESS if one != "passing")
"""What stays wrong for as long as the build is there."""


def series(within_s: float = 60.0) -> st.SearchStrategy[Series]:
    """What a metric says as time goes by: steady, a step, a ramp, a spike or a gap, flapping; or nothing at all.

        @given(series(), st.floats(0, 1e6))
        def test_badness_is_a_share_or_silence(said: Series, at_s: float) -> None:
            now = said.at(at_s)
            assert isinstance(now, Silence) or 0 <= now <= 1

    Steps, ramps and spikes begin within so many seconds.
    """
    at_s, long_s = seconds(within_s), seconds(max(within_s, 10.0), 10.0)
    says: st.SearchStrategy[Any] = first(BAD, 0.5, *Silence)
    return st.one_of(
        st.builds(steady, first(0.0, BAD, 0.5, *Silence)),
        st.builds(step, at_s, says),
        st.builds(ramp, at_s, long_s),
        st.builds(spike, at_s, long_s, says),
        st.builds(flapping, seconds(max(within_s, 20.0), 20.0), says),
    )


def bad_builds(
    name: str = NAMES[0],
    *,
    kinds: Collection[str] = LASTING,
    within_s: float = 60.0,
    ready_after_s: st.SearchStrategy[float] | None = None,
) -> st.SearchStrategy[Build]:
    """A build that nobody wants, in one of these ways (`BADNESS`), which shows within so many seconds.

    @given(bad_builds(kinds=["crash loop"]))
    def test_replicas_that_come_go_again(build: Build) -> None:
        assert build.bad and build.dies_after_s < NEVER
    """
    if unknown := sorted(set(kinds) - set(BADNESS)):
        raise ValueError(f"nothing is known that is called {', '.join(unknown)}; there are {', '.join(BADNESS)}")
    ready_s = first(1.0, 0.0, 5.0, 20.0) if ready_after_s is None else ready_after_s
    ways = _ways(within_s)
    chosen = [{"ready_after_s": ready_s, **ways[kind]} for kind in BADNESS if kind in kinds]
    return st.one_of(*(st.builds(Build, st.just(name), **way) for way in chosen))


def _ways(within_s: float) -> Mapping[str, Mapping[str, st.SearchStrategy[Any]]]:
    """By the kinds of badness, the fields that make a build so."""
    at_s = seconds(within_s)
    ramps = st.builds(ramp, first(0.0, 10.0), seconds(max(within_s, 10.0), 10.0))
    gaps = st.builds(_silent_then_bad, first(*Silence), seconds(within_s, 1.0))
    return {
        "bad from the start": {"metrics": st.just(steady(BAD))},
        "bad after a while": {"metrics": st.builds(step, at_s)},
        "bad when live": {"live_metrics": st.builds(step, at_s)},
        "worse and worse": {"live_metrics": ramps},
        "flapping": {"live_metrics": st.builds(flapping, seconds(max(within_s, 20.0), 20.0))},
        "silent, then bad": {"metrics": gaps},
        # A choice of one: a kind for which less is drawn would seem simpler than being bad from the start.
        "never ready": {"ready_after_s": first(NEVER, NEVER)},
        "crash loop": {"dies_after_s": seconds(within_s, 1.0)},
        "hooks fail": {"hooks_fail": st.just(True)},
        "passing": {"live_metrics": st.builds(spike, at_s, seconds(max(within_s, 10.0), 10.0))},
    }


def _silent_then_bad(silence: Silence, until_s: float) -> Series:
    return Series((Piece(0.0, silence), Piece(until_s, BAD)))


def good_builds(
    name: str = NAMES[0], *, ready_after_s: st.SearchStrategy[float] | None = None
) -> st.SearchStrategy[Build]:
    """A build that there is nothing to say against; it may take its time, and its metrics may be missing for a while.

    @given(good_builds())
    def test_it_does_get_ready(build: Build) -> None:
        assert not build.bad and build.ready_after_s < NEVER
    """
    ready_s = first(1.0, 0.0, 5.0, 20.0, 100.0) if ready_after_s is None else ready_after_s
    gap = st.builds(spike, first(0.0, 30.0), first(10.0, 60.0), first(*Silence))
    return st.builds(Build, st.just(name), ready_s, metrics=st.just(steady()) | gap)


def worlds(
    rollout: Rollout,
    *,
    bad: bool | None = True,
    releases: int = 1,
    kinds: Collection[str] = LASTING,
    within_s: float = 60.0,
    people: bool = True,
) -> st.SearchStrategy[World]:
    """A world for this rollout, in which so many builds are released, at most; `world.bad` is the first bad one.

        @given(worlds(SHOP))
        def test_a_bad_build_is_seldom_live(world: World) -> None:
            assert simulate(SHOP, world).live(world.bad) <= timedelta(minutes=2)

    The first build is a bad one, in one of these `kinds`, which shows within so many seconds. `bad=False`: all builds
    are good; None: each may be either. What only hooks could show is left out for a rollout without any. Without
    `people` nobody promotes what waits for a person. A world shrinks to one build, whose metrics are bad from the
    start, and to layers that follow at once. Three `releases` are the most; raises `ValueError` for more.
    """
    if not 1 <= releases <= len(NAMES):
        raise ValueError(f"from 1 to {len(NAMES)} builds are released, not {releases}")
    shown = tuple(one for one in kinds if one != "hooks fail" or _has_hooks(rollout))
    builds = [_build(name, bad, index, shown, within_s) for index, name in enumerate(NAMES[:releases])]
    layers = [one.name for one in rollout.policy.routers]
    return _worlds(
        rollout,
        builds,
        stable=st.builds(Build, st.just("stable"), first(1.0, 0.0, 5.0)),
        layers=st.dictionaries(st.sampled_from(layers), _manners(), max_size=len(layers)),
        promotes_after_s=first(60.0, 5.0, 0.0, 600.0, None) if people else st.none(),
        measure_s=first(0.5, 0.0, 3.0),
        hook_s=first(1.0, 0.0, 10.0),
    )


@st.composite
def _worlds(
    draw: st.DrawFn, /, rollout: Rollout, builds: Sequence[st.SearchStrategy[Build]], **fields: st.SearchStrategy[Any]
) -> World:
    """All strategies are made before: to make them costs more than to draw from them."""
    number = draw(st.integers(1, len(builds))) if len(builds) > 1 else len(builds)
    released = [draw(one) for one in builds[:number]]
    ats_s = sorted([0.0, *(draw(_ANY_HOUR) for _ in released[1:])])
    found = tuple(Release(build, at_s) for build, at_s in zip(released, ats_s, strict=True))
    return World(rollout.template, found, **{name: draw(one) for name, one in fields.items()})


_ANY_HOUR = seconds(3600.0)


def _build(
    name: str, bad: bool | None, index: int, kinds: Collection[str], within_s: float
) -> st.SearchStrategy[Build]:
    good, ill = good_builds(name), bad_builds(name, kinds=kinds, within_s=within_s)
    if bad is False:
        return good
    return ill if bad and not index else good | ill


def _manners() -> st.SearchStrategy[LayerManners]:
    return st.builds(LayerManners, first(0.0, 1.5, 10.0), first(0.0, 3.0, 20.0), first(True, False))


def _has_hooks(rollout: Rollout) -> bool:
    return any(one.point is not HookPoint.ON_ABORT for one in rollout.policy.hooks)
