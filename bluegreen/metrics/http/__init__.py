"""HTTP for the providers with a server behind them: one session, bounded, whose errors are for people.

What every such provider promises is kept here: an answer has at most 1 MiB and comes in time, no redirect leads to
another host, and no error holds a header, a password, a token or the rest of a URL.
"""

from __future__ import annotations

from bluegreen.metrics.http.access import ACCESS, Access, basic_of
from bluegreen.metrics.http.client import BODY_MAX, Http, Reply, Request
from bluegreen.metrics.http.fields import (
    Check,
    address,
    below,
    flag,
    mapping,
    one_of,
    problems_of,
    refuse,
    refused,
    seconds,
    seconds_of,
    text,
    wrong,
)

__all__ = [
    "ACCESS",
    "BODY_MAX",
    "Access",
    "Check",
    "Http",
    "Reply",
    "Request",
    "address",
    "basic_of",
    "below",
    "flag",
    "mapping",
    "one_of",
    "problems_of",
    "refuse",
    "refused",
    "seconds",
    "seconds_of",
    "text",
    "wrong",
]
