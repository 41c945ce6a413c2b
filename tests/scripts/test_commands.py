"""Commands of trace scripts that no trace of the project needs, each with what it does."""

from pathlib import Path

import pytest

from bluegreen.testing import scripts
from bluegreen.testing.scripts.reading import read

pytestmark = pytest.mark.property

MEASURED = "prePromotionAnalysis: errors < 0.05, count 1"
CHECKED = "the eight invariants hold"


def played(*lines: str) -> list[str]:
    """What a script prints, all of it, without the commands."""
    text = scripts.play(read(Path("a.txt"), "\n".join(lines)))
    return [line[2:] for line in text.splitlines() if line.startswith("  ")]


def told(*lines: str) -> str:
    """The same in one text."""
    return "\n".join(played(*lines))


def test_undo_may_name_the_build() -> None:
    output = told("> apply v2", "> tick 1m", "> apply v3", "> tick 1m", "> undo to v1", "> tick 5s", "> check")
    assert "2:00  attempt 4 begins, of v1" in output
    assert output.endswith(CHECKED)


def test_set_declares_another_field() -> None:
    output = played("> set scaleDownDelaySeconds 7", "> apply v2", "> tick 30s")
    assert "0:06  v1 is kept for 7 s from now on" in [line.strip() for line in output]


def test_infinity_passes_nothing() -> None:
    output = told(MEASURED, "> metric errors Inf", "> apply v2", "> tick 5s")
    assert "0:01  measured errors: Failed, +Inf: +Inf >= 0.05 (result < 0.05)" in output
    assert "live traffic of service" not in output


def test_pods_may_die_a_while_after_they_were_ready() -> None:
    output = told("> pods of v2 die after 40s", "> apply v2", "> tick 2m", "> check")
    assert "0:41  v2: 0 of 2 replicas available" in output
    assert output.endswith(CHECKED)


def test_refused_saves_are_tried_again() -> None:
    output = told("> refuse save", "> refuse save 2 times", "> apply v2", "> apply v2", "> apply v2", "> tick 1m")
    assert output.count("refused: records save: refused") == 3
    output = told("> apply v2", "> tick 30s", "> refuse save 2 times", "> tick 2m", "> check")
    assert "A fails to look, decide and save: records save: refused" in output
    assert output.endswith(CHECKED)


def test_one_refused_write_is_repeated() -> None:
    output = told("> refuse point service", "> apply v2", "> tick 30s", "> check")
    assert output.count("A fails to point service at v2: layer service point: refused") == 1
    assert output.endswith(CHECKED)


def test_a_layer_that_never_follows_is_undone_and_one_that_does_after_all_is_not() -> None:
    output = told("> service never follows", "> apply v2", "> tick 3m", "> service follows", "> check")
    assert "2:01  Degraded v2 (LayerDeadlineExceeded): layer service was not seen to follow within 120 s" in output
    output = told("> service never follows", "> apply v2", "> tick 1m", "> service follows", "> check")
    assert "1:00  Healthy v2" in output
    assert output.endswith(CHECKED)


def test_a_crash_before_a_call_of_any_object() -> None:
    output = told("> apply v2", "> crash before prepare", "> tick 5s", "> restart", "> tick 5s", "> check")
    assert "0:01  A dies" in output
    assert "0:05  live traffic of service: v1 -> v2" in output
    assert output.endswith(CHECKED)


def test_a_crash_before_anything_is_done() -> None:
    output = told("> crash before act", "> apply v2", "> tick 5s", "> restart", "> tick 5s", "> check")
    assert "v2: 0 of 2" not in output.split("A starts")[0]
    assert output.endswith(CHECKED)


def test_a_cache_may_show_three_looks() -> None:
    output = told("> as a cache shows it", "> apply v2", "> tick 2m", "> check")
    assert "0:30  attempt 2 begins, of v2" in output
    assert output.endswith(CHECKED)


def test_an_engine_stalls_and_goes_on_by_itself() -> None:
    output = told("> apply v2", "> A stalls before point service for 20s", "> tick 1m", "> check")
    assert "0:01  A stalls before it can point service at v2" in output
    assert "0:11  A fails to point service at v2: no answer in time" in output
    assert "live traffic of service: v1 -> v2" in output
    assert output.endswith(CHECKED)


def test_an_engine_stalls_before_any_such_call() -> None:
    output = told("> A stalls before save", "> apply v2", "> tick 5s", "> A goes on", "> tick 5s", "> check")
    assert "0:00  A stalls before it can save the record" in output
    assert "0:05  attempt 2 begins, of v2" in output
    assert output.endswith(CHECKED)


def test_faults_may_stop_before_the_end() -> None:
    output = told("> hide service", "> apply v2", "> tick 5s", "> calm", "> tick 30s", "> check")
    assert "live traffic of service: v1 -> v2" in output
    assert output.endswith(CHECKED)


def test_a_twin_that_dies_leaves_the_other_to_it() -> None:
    output = told("> second engine", "> apply v2", "> tick 500ms", "> B dies", "> tick 30s", "> check")
    assert "0:00.5  B dies" in output
    assert output.endswith(CHECKED)


def test_both_colours_are_measured_and_the_stable_one_is_good() -> None:
    settings = "prePromotionAnalysis: latency, comparison higher, count 8, intervalSeconds 1"
    output = told(settings, "> metric latency=100", "> apply v2", "> tick 30s", "> check")
    assert "Degraded v2 (GateFailed)" in output
    assert "live traffic" not in output


def test_a_stepped_engine_measures_when_it_is_told_to() -> None:
    lines = [MEASURED, "> engine A", "> apply v2", "> A saves", "> A does everything", "> tick 1s", "> A saves"]
    output = told(*lines, "> A does measure errors", "> A saves")
    assert "A decides measure errors" in output
    assert "gate prePromotionAnalysis: yes" in output


def test_a_stepped_engine_that_has_nothing_to_save_says_so() -> None:
    assert told("> engine A", "> A saves").endswith("A has nothing to save")
