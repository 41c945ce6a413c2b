"""URLs and headers, as far as a manifest has them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bluegreen.manifests.fields import At, Unreadable, text

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def http_url(at: At) -> str:
    """The URL of something that answers to HTTP."""
    value = text(at)
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"\s", value):
        # It may hold a password: it is not repeated here.
        at.complain("not the URL of something that answers to HTTP", "write it like http://127.0.0.1:8080/healthz")
        raise Unreadable
    return value


def header_name(at: At) -> str:
    """The name of a header."""
    value = text(at)
    if not _HEADER.fullmatch(value):
        at.wrong("a header's name", "write it like X-Revision")
    return value
