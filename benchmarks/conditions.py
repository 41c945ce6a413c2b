"""Evaluations of compiled conditions a second, beside those of Google's CEL (C++) in the same run; and compiling."""

from __future__ import annotations

import time
from collections.abc import Callable

from cel_expr_python import cel  # type: ignore[import-untyped]

from bluegreen.conditions import VARIABLES, CelEngine
from bluegreen.spec import JSON

SECONDS = 0.5
CASES: dict[str, JSON] = {
    "result[0] >= 0.99": [0.995],
    "size(result) == 0 || result[0] >= 0.95": [0.995],
    "result.success > 0.99 && result.p99 < 250.0": {"success": 0.999, "p99": 120.5},
    "result.all(r, r >= 0.99)": [0.995] * 10,
}


def _rate(work: Callable[[], object]) -> float:
    """Calls a second, the best of three runs."""
    best = 0.0
    for _ in range(3):
        count, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < SECONDS:
            work()
            count += 1
        best = max(best, count / passed)
    return best


def main() -> None:
    """Prints a line for each of a few usual conditions."""
    theirs = cel.NewEnv(variables=dict.fromkeys(VARIABLES, cel.Type.DYN))
    for source, result in CASES.items():
        variables = {"result": result, "labels": {}}
        program, other = CelEngine().compile(source, VARIABLES), theirs.compile(source)
        mine = _rate(lambda program=program, variables=variables: program.evaluate(variables))  # type: ignore[misc]
        native = _rate(lambda other=other, variables=variables: other.eval(data=variables).value())  # type: ignore[misc]
        compiling = _rate(lambda source=source: CelEngine().compile(source, VARIABLES))  # type: ignore[misc]
        print(
            f"{source}: {mine:,.0f} evaluations/s, {native / mine:.0f} x fewer than C++ ({native:,.0f}/s); "
            f"{1000 / compiling:.2f} ms to compile"
        )
