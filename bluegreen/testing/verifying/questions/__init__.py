"""The questions, one a file: each takes what was tried, and gives its answers, at least one where it has a meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from bluegreen.testing.verifying.evidence import Evidence
from bluegreen.testing.verifying.questions.bad_build import how_long_a_bad_build_stays
from bluegreen.testing.verifying.questions.judging import what_metrics_call_bad
from bluegreen.testing.verifying.questions.kept import whether_invariants_hold
from bluegreen.testing.verifying.questions.layers import how_long_layers_differ
from bluegreen.testing.verifying.questions.no_data import with_no_data
from bluegreen.testing.verifying.questions.preview import whether_the_preview_carries_the_load
from bluegreen.testing.verifying.questions.retained import what_is_retained
from bluegreen.testing.verifying.questions.rollback import how_long_the_way_back_takes
from bluegreen.testing.verifying.questions.skipping import which_gates_can_be_skipped
from bluegreen.testing.verifying.questions.stuck import whether_it_can_get_stuck
from bluegreen.testing.verifying.report import Answer

Question = Callable[[Evidence], Iterator[Answer]]

QUESTIONS: Final[tuple[Question, ...]] = (
    whether_it_can_get_stuck,
    with_no_data,
    what_metrics_call_bad,
    how_long_a_bad_build_stays,
    how_long_the_way_back_takes,
    what_is_retained,
    which_gates_can_be_skipped,
    whether_the_preview_carries_the_load,
    how_long_layers_differ,
    whether_invariants_hold,
)
