"""What people and programs see of gates and analysis: how each metric stands, why, and what to type next."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from attrs import evolve
from rich.console import Console

from bluegreen import Degraded, Paused, Promoting, Record
from bluegreen.cli.get import _happened
from bluegreen.cli.guard import Common
from bluegreen.cli.lines import changes
from bluegreen.cli.measured import run_data
from bluegreen.cli.render import tree
from bluegreen.cli.screen import Output, Screen
from bluegreen.cli.view import View, summary
from bluegreen.cli.words import say_ways_on
from bluegreen.record import Entry, GateMemory, PauseReason, Reason
from bluegreen.runs import AnalysisPhase, AnalysisRun, Came, Measurement, MetricResult
from bluegreen.spec import RevisionId
from bluegreen.values import encoded
from tests.cli.test_view import BOTH, NEW, NOW, OLD, view

GATE = "prePromotionAnalysis"


def measurement(number: int, phase: AnalysisPhase = AnalysisPhase.SUCCESSFUL, value: Any = 0.997) -> Measurement:
    """One measurement; `value` as a provider gave it."""
    at = NOW + timedelta(seconds=10 * number)
    why = f"{value} (result >= 0.99)"
    return Measurement(number, phase, Came.VALUE, why, at, at, value=encoded(value))


def metric(*measurements: Measurement, **more: Any) -> MetricResult:
    """The success rate, measured so often."""
    phases = [one.phase for one in measurements]
    made = MetricResult(
        "success-rate",
        {"query": "rate(requests[1m])"},
        AnalysisPhase.RUNNING,
        taken=len(measurements),
        successful=phases.count(AnalysisPhase.SUCCESSFUL),
        failed=phases.count(AnalysisPhase.FAILED),
        measurements=measurements,
    )
    return evolve(made, **more)


def run(*metrics: MetricResult, name: str = GATE, **more: Any) -> AnalysisRun:
    """A run of the attempt in hand."""
    return AnalysisRun(name, NEW, 2, NOW, metrics=metrics, **more)


def waiting(*memories: GateMemory, phase: Any = None) -> Record:
    """A rollout whose gates are these."""
    phase = phase or Paused(NEW, NOW, PauseReason.GATE, f"waits for {GATE}", gate=GATE)
    return Record(phase, stable=OLD, current=NEW, attempt=2, gates=memories)


def asked(run: AnalysisRun | None = None, name: str = GATE, **more: Any) -> GateMemory:
    """A gate of the attempt in hand."""
    return GateMemory(name, NEW, 2, NOW, run=run, **more)


TWO = run(metric(measurement(0), measurement(1, AnalysisPhase.FAILED, 0.962)))


def drawn(shown: View) -> str:
    """The tree, as text."""
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(tree(shown, NOW))
    return captured.get()


def test_the_tree_shows_each_metric_its_counts_and_why_it_stands_so() -> None:
    text = drawn(view(waiting(asked(TWO))))
    assert f"gate {GATE}  is asked" in text
    assert "success-rate  Running  2 measured: 1 successful, 1 failed" in text
    assert "1  Successful  0.997 (result >= 0.99)" in text
    assert "2  Failed  0.962 (result >= 0.99)" in text


def test_the_tree_shows_the_last_measurements_only_and_json_all_that_are_kept() -> None:
    many = run(metric(*(measurement(number) for number in range(8)), dry_run=True))
    shown = view(waiting(asked(many)))
    text = drawn(shown)
    assert "success-rate (dry run)" in text
    assert [f" {number}  Successful" in text for number in range(1, 9)] == [False] * 5 + [True] * 3
    (gate,) = shown.data()["gates"]
    (measured,) = gate["run"]["metrics"]
    assert [one["number"] for one in measured["measurements"]] == list(range(8))


def test_what_gates_said_is_shown_with_why() -> None:
    text = drawn(view(waiting(asked(name="beforePreview/migrate", answer="yes", why="done: 3 tables"), asked(TWO))))
    assert "gate beforePreview/migrate  yes  done: 3 tables" in text
    assert text.index("migrate") < text.index("success-rate")


def test_gates_of_another_attempt_are_history() -> None:
    shown = view(waiting(evolve(asked(TWO), attempt=1), evolve(asked(TWO), revision=OLD)))
    assert shown.gates == ()


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, [-math.inf, {"a": math.nan}], "é\ud800", {"$float": "NaN"}, None]
)
def test_data_is_strict_json_and_yaml_whatever_was_measured(value: Any) -> None:
    shown = view(waiting(asked(run(metric(measurement(0, value=value), query={"n": math.nan})))))
    data = json.loads(json.dumps(shown.data(), allow_nan=False))
    (measured,) = data["gates"][0]["run"]["metrics"]
    assert measured["measurements"][0]["value"] == encoded(value)
    assert (measured["phase"], measured["successful"]) == ("Running", 1)
    assert yaml.safe_load(yaml.safe_dump(data)) == data
    assert yaml.safe_dump(shown.data())


def test_a_line_for_each_new_measurement_and_each_answer() -> None:
    one = run(metric(measurement(0)))
    before, after = view(waiting(asked(one))), view(waiting(asked(TWO)))
    assert changes(before, after) == [f"{GATE}: success-rate 2: Failed: 0.962 (result >= 0.99)"]
    assert changes(after, after) == []
    assert not [line for line in changes(None, after) if "success-rate" in line], "what was there is no news"
    done = view(waiting(asked(TWO, answer="yes", why="1 of 2 successful")))
    assert changes(after, done) == [f"gate {GATE} said yes: 1 of 2 successful"]
    second = run(metric(measurement(0)), number=1)
    assert len(changes(after, view(waiting(asked(second))))) == 1, "a second run begins to count anew"


# After the promotion.


def promoting(reason: PauseReason | None, gate: str = "postPromotionAnalysis", until: datetime | None = None) -> View:
    """All traffic has moved, and a gate is asked."""
    return view(waiting(phase=Promoting(NEW, NOW, "all traffic has moved", reason, gate, until)))


def test_what_a_promotion_waits_for_is_said() -> None:
    shown = promoting(PauseReason.INCONCLUSIVE)
    assert "Promoting (InconclusiveAnalysisRun)" in drawn(shown)
    assert "Promoting (InconclusiveAnalysisRun)" in summary(shown)
    assert (shown.gate, shown.waits_for_a_person) == ("postPromotionAnalysis", True)
    timed = promoting(PauseReason.GATE, until=NOW + timedelta(seconds=30))
    assert "goes on in 30 s" in drawn(timed)
    assert not timed.waits_for_a_person
    moving = promoting(None, "")
    assert (moving.reason, moving.waits_for_a_person) == ("", False)
    assert "None" not in drawn(moving) + summary(moving)


def ways(shown: View, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The commands that are printed, by what they do."""
    say_ways_on(Common(None, Output.TEXT, debug=False), Screen(), "shop", shown)
    return capsys.readouterr().out.splitlines()


def test_an_analysis_without_a_verdict_has_three_ways_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert ways(promoting(PauseReason.INCONCLUSIVE), capsys) == [
        "to measure once more: bluegreen promote shop --revision bbb",
        "to go on: bluegreen approve shop --gate postPromotionAnalysis --revision bbb",
        "to give up: bluegreen abort shop --revision bbb",
    ]


def test_a_gate_that_a_person_opens_has_two(capsys: pytest.CaptureFixture[str]) -> None:
    held = Paused(NEW, NOW, PauseReason.GATE, "held", gate="beforePromotion/tell")
    assert ways(view(waiting(phase=held)), capsys) == [
        "to go on: bluegreen approve shop --gate beforePromotion/tell --revision bbb",
        "to give up: bluegreen abort shop --revision bbb",
    ]
    spec = Paused(NEW, NOW, PauseReason.SPEC, "paused")
    assert ways(view(waiting(phase=spec)), capsys) == ["to go on: bluegreen resume shop"]


def test_a_way_on_names_the_directories_it_needs(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    common = Common(tmp_path / "state", Output.TEXT, debug=False, secrets=tmp_path / "my secrets")
    say_ways_on(common, Screen(), "shop", promoting(PauseReason.PERSON, "sign-off"))
    assert f"--state-dir {tmp_path}/state --secrets '{tmp_path}/my secrets'" in capsys.readouterr().out


# History.


def test_history_has_the_runs_of_all_attempts_among_what_happened() -> None:
    early = evolve(TWO, attempt=1, phase=AnalysisPhase.FAILED, message="too low", finished_at=NOW)
    failed = Degraded(NEW, NOW, Reason.GATE_FAILED, "said no")
    entries = (Entry(NOW - timedelta(1), "Began", NEW), Entry(NOW + timedelta(1), "Aborted", NEW, by="ann"))
    record = evolve(waiting(asked(TWO), phase=failed), runs=(early,), history=entries)
    rows = _happened(record)
    assert [row["what"] for row in rows] == [
        "Began",
        f"Analysis {GATE}: Failed",
        f"Analysis {GATE}: Running",
        "Aborted",
    ]
    assert rows[1]["why"] == "too low"
    assert rows[1]["analysis"] == run_data(early)
    assert "analysis" not in rows[0]
    assert json.dumps(rows, allow_nan=False)


def test_a_revision_and_a_run_keep_their_names_in_data() -> None:
    data = run_data(run(number=1, finished_at=datetime(2030, 1, 1, tzinfo=UTC)))
    assert (data["name"], data["revision"], data["attempt"]) == (f"{GATE}.1", RevisionId("bbb"), 2)
    assert data["finished_at"] == "2030-01-01T00:00:00+00:00"


def test_nothing_is_shown_of_gates_where_nothing_is_recorded() -> None:
    assert view(None, BOTH).data()["gates"] == []
