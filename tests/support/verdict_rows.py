"""Every rule and knob of an analysis: what Argo Rollouts makes of it, and what we do.

A row whose two answers differ names the heading in docs/differences.md that says why. What is measured is written in
letters, one for each measurement: see `LETTERS`. Unless a row says otherwise a metric has both conditions, succeeds
from 0.9 up, fails from 0.1 down, and is measured every second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from tests.support.slow_verdicts import Seen

LETTERS: Mapping[str, Seen] = {
    "S": Seen([1.0]),  # a success
    "F": Seen([0.0]),  # a failure
    "I": Seen([0.5]),  # neither
    "E": Seen(error=True),  # the provider cannot be asked
    "0": Seen([], no_data=True),  # no data: an empty vector
    "n": Seen([math.nan]),  # NaN
    "x": Seen([math.inf]),  # +Inf
    "2": Seen([1.0, 0.0]),  # two series, of which the first one succeeds
}
SUCCESS_ONLY: Mapping[str, Any] = {"failure_condition": ""}
FAILURE_ONLY: Mapping[str, Any] = {"success_condition": ""}
NEITHER: Mapping[str, Any] = {"success_condition": "", "failure_condition": ""}
GUARDED: Mapping[str, Any] = {"success_condition": "len(result) == 0 || result[0] >= 0.9", "failure_condition": ""}
GOOD, BAD, ERR, OPEN = "Successful", "Failed", "Error", "Inconclusive"


@frozen
class Row:
    """One metric: what is declared, what is measured, and the verdict of either; `heading` where they differ."""

    situation: str
    knobs: Mapping[str, Any]
    came: str
    argo: str
    ours: str
    heading: str = ""


VERDICTS = (
    # One measurement.
    Row("success condition only, true", SUCCESS_ONLY, "S", GOOD, GOOD),
    Row("success condition only, false", SUCCESS_ONLY, "F", BAD, BAD),
    Row("failure condition only, true", FAILURE_ONLY, "F", BAD, BAD),
    Row("failure condition only, false", FAILURE_ONLY, "S", GOOD, GOOD),
    Row("both conditions, both true: failure wins", {"success_condition": "result[0] >= 0.0"}, "F", BAD, BAD),
    Row("both conditions, neither true", {}, "I", OPEN, OPEN),
    Row("no condition at all", NEITHER, "F", GOOD, GOOD),
    Row("a condition that cannot be evaluated", {"success_condition": "result.rate >= 0.9"}, "SSSSS", ERR, ERR),
    Row("a condition whose result is no boolean", {"success_condition": "result[0]", "failure_condition": ""}, "SSSSS",
        ERR, ERR),
    # No data, NaN, infinity, several series.
    Row("no data, success condition", SUCCESS_ONLY, "00000", ERR, OPEN, "No data is an outcome of its own"),
    Row("no data, failure condition", FAILURE_ONLY, "00000", ERR, OPEN, "No data is an outcome of its own"),
    Row("no data, no condition", NEITHER, "00000", GOOD, OPEN, "No data is an outcome of its own"),
    Row("no data at first, and then a value", SUCCESS_ONLY, "0000S", GOOD, GOOD),
    Row("no data, guarded by len()", GUARDED, "0", GOOD, OPEN, "A success needs a real value"),
    Row("once no data, guarded by len()", {**GUARDED, "count": 2}, "0S", GOOD, GOOD),
    Row("only a failure was real", {**GUARDED, "count": 2, "failure_limit": 1}, "F0", GOOD, OPEN,
        "A success needs a real value"),
    Row("NaN, success condition", SUCCESS_ONLY, "n", BAD, BAD),
    Row("NaN, failure condition", FAILURE_ONLY, "n", GOOD, OPEN, "NaN and infinity never pass by accident"),
    Row("NaN, both conditions", {}, "n", OPEN, OPEN),
    Row("infinity above the limit", SUCCESS_ONLY, "x", GOOD, OPEN, "NaN and infinity never pass by accident"),
    Row("several series, a condition on the first", SUCCESS_ONLY, "2", GOOD, OPEN, "All series have to agree"),
    # count
    Row("count unset, no interval: one measurement", {"interval_seconds": 0}, "S", GOOD, GOOD),
    Row("count of 3", {"count": 3}, "SSS", GOOD, GOOD),
    Row("errors do not count", {"count": 3}, "SESES", GOOD, GOOD),
    # failureLimit
    Row("failureLimit 0: the first failure", {"count": 3}, "SF", BAD, BAD),
    Row("as many failures as failureLimit", {"count": 3, "failure_limit": 1}, "FSS", GOOD, GOOD),
    Row("one failure more than failureLimit", {"count": 4, "failure_limit": 1}, "FSF", BAD, BAD),
    Row("count equals failureLimit, all fail", {"count": 3, "failure_limit": 3}, "FFF", GOOD, BAD,
        "Nothing succeeded is no success"),
    Row("nothing succeeded, within both limits", {"count": 2, "failure_limit": 1, "inconclusive_limit": 1}, "FI",
        GOOD, BAD, "Nothing succeeded is no success"),
    Row("only inconclusive ones, within the limit", {"count": 2, "inconclusive_limit": 2}, "II", GOOD, OPEN,
        "Nothing succeeded is no success"),
    Row("failureLimit -1: failures do not matter",
        {"count": 6, "failure_limit": -1, "consecutive_success_limit": 2}, "FFFSS", GOOD, GOOD),
    # inconclusiveLimit
    Row("inconclusiveLimit 0: the first one", {"count": 3}, "SI", OPEN, OPEN),
    Row("as many as inconclusiveLimit", {"count": 3, "inconclusive_limit": 1}, "ISS", GOOD, GOOD),
    Row("one more than inconclusiveLimit", {"count": 4, "inconclusive_limit": 1}, "ISI", OPEN, OPEN),
    # consecutiveErrorLimit
    Row("four errors in a row", {}, "EEEES", GOOD, GOOD),
    Row("the fifth error in a row", {}, "EEEEE", ERR, ERR),
    Row("errors that are not in a row", {"count": 3}, "EEESEEESEEES", GOOD, GOOD),
    Row("consecutiveErrorLimit 0", {"consecutive_error_limit": 0}, "E", ERR, ERR),
    # consecutiveSuccessLimit
    Row("enough successes in a row", {"count": 9, "consecutive_success_limit": 3}, "SSS", GOOD, GOOD),
    Row("enough in a row after a failure", {"count": 9, "failure_limit": 1, "consecutive_success_limit": 2}, "SFSS",
        GOOD, GOOD),
    Row("count comes first", {"count": 4, "failure_limit": 2, "consecutive_success_limit": 2}, "SFSF", OPEN, OPEN),
    Row("count comes first, failureLimit -1", {"count": 4, "failure_limit": -1, "consecutive_success_limit": 2}, "SFSF",
        BAD, BAD),
    Row("failureLimit -1, nothing but inconclusive",
        {"count": 2, "failure_limit": -1, "consecutive_success_limit": 1, "inconclusive_limit": 2}, "II", BAD, OPEN,
        "Nothing succeeded is no success"),
    # dryRun
    Row("a dry run that fails", {"dry_run": True}, "F", GOOD, GOOD),
    Row("a dry run that errs", {"dry_run": True}, "EEEEE", GOOD, GOOD),
)  # fmt: skip


@frozen
class Together:
    """Two metrics, `first` and `second`, and how the run stands: its verdict, and the second metric's."""

    situation: str
    first: str
    second: str
    argo: tuple[str, str]
    ours: tuple[str, str]
    heading: str = ""


EARLY = "What was not finished is no success"
TOGETHER = (
    Together("both succeed", "SSS", "SSS", (GOOD, GOOD), (GOOD, GOOD)),
    Together("inconclusive is worse than a success", "SSS", "SSI", (OPEN, OPEN), (OPEN, OPEN)),
    Together("a failure is worse than no verdict", "I", "F", (BAD, BAD), (BAD, BAD)),
    Together("an error is worse than no verdict", "EEEEE", "EEEEE", (ERR, ERR), (ERR, ERR)),
    Together("a failure ends the other", "SF", "SSS", (BAD, GOOD), (BAD, OPEN), EARLY),
    Together("no verdict ends the other", "I", "SSS", (OPEN, GOOD), (OPEN, OPEN), EARLY),
    Together("the other was not even measured", "F", "", (BAD, GOOD), (BAD, OPEN), EARLY),
)


@frozen
class Loaded:
    """A declaration that is taken or refused when it is loaded."""

    situation: str
    knobs: Mapping[str, Any]
    argo: bool
    ours: bool
    heading: str = ""


ENDLESS = "An analysis has an end"
LOADED = (
    Loaded("a count above 1 without an interval", {"count": 3, "interval_seconds": 0}, False, False),
    Loaded("an interval without a count", {"count": None}, True, False, ENDLESS),
    Loaded("a count of 0", {"count": 0}, True, False, ENDLESS),
    Loaded("count equals failureLimit", {"count": 3, "failure_limit": 3}, True, True),
    Loaded("count below failureLimit", {"count": 3, "failure_limit": 4}, False, False),
    Loaded("count below failureLimit + consecutiveSuccessLimit",
           {"count": 3, "failure_limit": 2, "consecutive_success_limit": 2}, False, False),
    Loaded("count below inconclusiveLimit", {"count": 3, "inconclusive_limit": 4}, False, False),
    Loaded("failureLimit -1 alone", {"count": 3, "failure_limit": -1}, False, False),
    Loaded("failureLimit -1 with consecutiveSuccessLimit",
           {"count": 3, "failure_limit": -1, "consecutive_success_limit": 2}, True, True),
)  # fmt: skip


@frozen
class Timed:
    """When each measurement begins, in seconds since the run did. A measurement takes three seconds here."""

    situation: str
    knobs: Mapping[str, Any]
    came: str
    argo: tuple[float, ...]
    ours: tuple[float, ...]
    heading: str = ""


BACK_OFF = "Errors are tried again more and more slowly"
TIMED = (
    Timed("the interval counts from the last finish", {"count": 3, "interval_seconds": 10.0}, "SSS",
          (0, 13, 26), (0, 13, 26)),
    Timed("the initial delay counts from the start of the run", {"initial_delay_seconds": 20.0}, "S", (20,), (20,)),
    Timed("10 s after the first error", {"count": 2, "interval_seconds": 60.0}, "SES", (0, 63, 76), (0, 63, 76)),
    Timed("no data yet, without an interval", {"interval_seconds": 0}, "00S", (0, 13, 26), (0, 13, 26)),
    Timed("no data yet, with an interval", {"count": 2, "interval_seconds": 60.0}, "0SS", (0, 13, 76), (0, 63, 126),
          "No data is an outcome of its own"),
    Timed("errors in a row", {}, "EEEES", (0, 13, 26, 39, 52), (0, 13, 36, 79, 142), BACK_OFF),
)  # fmt: skip
