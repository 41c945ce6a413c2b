"""Analysis: measurements and conditions to a gate's answer. Pure: what measures is elsewhere.

    Analysis (what is declared) + outcomes -> AnalysisRun (what came of it) -> a gate's answer

Verdicts are Argo's where Argo's are sound. Beyond them: no data, NaN or infinity, several series and a failed query are
not taken for one another; ending a run never makes a success of it; a metric of which nothing succeeded has not.

Where to read on: `judging` (one measurement), `standing` (a metric, a run), `advancing` (the next step of a run),
`gate` (a run as a gate), `comparing` (the two colours).
"""

from __future__ import annotations

from bluegreen.analysis.advancing import About, Progress, advance, definition_of
from bluegreen.analysis.comparing import Compared, compare
from bluegreen.analysis.gate import AnalysisGate
from bluegreen.analysis.judging import judge
from bluegreen.analysis.standing import settled, verdict

__all__ = [
    "About",
    "AnalysisGate",
    "Compared",
    "Progress",
    "advance",
    "compare",
    "definition_of",
    "judge",
    "settled",
    "verdict",
]
