"""HTTP for the providers with a server behind them: one session, bounded, whose errors are for people.

What every such provider promises is kept here: an answer has at most 1 MiB and comes in time, no redirect leads to
another host, and no error holds a header, a password, a token or the rest of a URL.
"""

from __future__ import annotations

from bluegreen.metrics.http.access import Access, basic_of
from bluegreen.metrics.http.client import BODY_MAX, Http, Reply, Request

__all__ = ["BODY_MAX", "Access", "Http", "Reply", "Request", "basic_of"]
