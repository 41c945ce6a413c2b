"""The time line: who had the traffic, with how many replicas, in which phase, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bluegreen.testing import timeline
from bluegreen.testing.simulator import Ask, Build, Crash, Faults, LayerManners, PointElsewhere, World, simulate
from bluegreen.testing.trace import Trace
from tests.support.worlds import rollout

DECLARED = rollout(layers=("edge", "mesh"), scale_down_delay_seconds=60)


STORY = """\
time  phase        live traffic            available           why
0:00  Healthy      stable                  stable 2/2
0:00  Healthy      stable                  stable 2/2          a person: applies v2
0:00  Progressing  stable                  stable 2/2          revision v2 is becoming available
0:00  Progressing  stable                  stable 2/2, v2 0/2  revision v2 is becoming available
0:10  Progressing  stable                  stable 2/2, v2 2/2  revision v2 is becoming available
0:10  Promoting    stable                  stable 2/2, v2 2/2  layer edge is moving to v2
0:10  Promoting    edge: v2, mesh: stable  stable 2/2, v2 2/2  layer edge is moving to v2
0:10  Promoting    edge: v2, mesh: stable  stable 2/2, v2 2/2  layer mesh is moving to v2
0:10  Promoting    v2                      stable 2/2, v2 2/2  layer mesh is moving to v2
0:15  Healthy      v2                      stable 2/2, v2 2/2
1:20  Healthy      v2                      v2 2/2"""


def played(*happenings: object, **world: object) -> Trace:
    """A release of v2 on two layers."""
    return simulate(DECLARED, World.of(DECLARED, Build("v2", 10), **world), Faults(happenings))  # type: ignore[arg-type]


def test_a_release_reads_from_top_to_bottom() -> None:
    told = timeline.lines(played(layers={"mesh": LayerManners(converge_after_s=5)}))
    assert "\n".join(told) == STORY


def test_nothing_is_said_twice() -> None:
    found = list(timeline.rows(played()))
    assert all(
        one.who or (one.phase, one.live, one.replicas, one.why) != (other.phase, other.live, other.replicas, other.why)
        for one, other in zip(found[1:], found, strict=False)
        if not other.who
    )


def test_what_people_faults_and_outsiders_do_is_said_by_name() -> None:
    told = "\n".join(timeline.lines(played(Crash(5), PointElsewhere(40, "edge", "stable"), Ask(50, "abort"))))
    for words in ("A: is killed", "an outsider: points active of edge at stable", "a person: asks for abort"):
        assert words in told
    assert "aborted by" in told
    assert "the faults" not in told


def test_no_line_has_the_hash_of_a_revision() -> None:
    trace = played(Ask(50, "abort"))
    told = "\n".join(timeline.lines(trace))
    assert not [revision for revision in trace.names if revision in told]


def test_rows_are_data() -> None:
    row = next(one for one in timeline.rows(played()) if one.phase == "Promoting")
    assert row.data() == {
        "at": 10.0,
        "who": "",
        "phase": "Promoting",
        "live": {"edge": "stable", "mesh": "stable"},
        "replicas": {"stable": {"available": 2, "replicas": 2}, "v2": {"available": 2, "replicas": 2}},
        "why": "layer edge is moving to v2",
    }


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (5.04, "0:05"), (65.5, "1:05.5"), (3600, "1:00:00"), (86399.96, "24:00:00"), (-1, "-0:01")],
)
def test_moments_are_short(seconds: float, shown: str) -> None:
    assert timeline.clock(timedelta(seconds=seconds)) == shown
