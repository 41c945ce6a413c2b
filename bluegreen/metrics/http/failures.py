"""What went wrong between us and a server, in words for a person: the host, the status, what the server says itself.

Nothing here shows a header or a URL's other parts. Where a server's words are cut short, they are cut between words,
so that of a secret in them the whole is left, which the engine knows and hides, or nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientPayloadError,
    ClientResponseError,
    ClientSSLError,
    InvalidURL,
    ServerDisconnectedError,
)
from yarl import URL

from bluegreen.errors import BackendError, PermanentBackendError

SAID_MAX: Final = 200
"""So many characters of a server's own words are shown."""
RETRY_AFTER_MAX_S: Final = 24 * 3600.0
"""A server that asks for more patience than this is asked again all the same."""
_PASSING: Final = frozenset({404, 408, 409, 421, 422, 423, 424, 425, 429})
"""Of 4xx, these may pass: a route that is not there yet, a server that is busy, a query that these data do not fit."""
_REMEDIES: Final[Mapping[int, str]] = {
    401: "check the credentials, and the secret that they come from",
    403: "let these credentials read it, or use others",
}


def place_of(url: URL) -> str:
    """A URL's host and port, and nothing else of it."""
    if not url.host:
        return "the address"
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port}"


def refusal(status: int, place: str, said: str, headers: Mapping[str, str]) -> BackendError:
    """What a status other than 2xx means: most of 4xx will not pass by itself, everything else may."""
    words = shown(said)
    message = f"{place} answered {status}" + (f": {words}" if words else "")
    if 400 <= status < 500 and status not in _PASSING:
        return PermanentBackendError(message, remedy=_REMEDIES.get(status, "correct the query"))
    return BackendError(message, retry_after_s=_retry_after_s(headers.get("Retry-After", "")))


def not_json(place: str, said: str) -> BackendError:
    """An answer that should have been JSON."""
    return BackendError(f"{place} answered something that is not JSON: {shown(said) or 'nothing'}")


def broken(place: str, error: Exception) -> BackendError:
    """What an exception of the connection means."""
    match error:
        case ClientConnectorCertificateError():
            remedy = "give its authority's certificate as ca, or set insecure: true"
            return PermanentBackendError(f"{place} shows a certificate that is not trusted", remedy=remedy)
        case InvalidURL():
            return PermanentBackendError("the address is no URL", remedy="write one with http:// or https://")
        case ClientConnectorDNSError():
            return BackendError(f"{place} cannot be found: no such host")
        case ClientSSLError():
            return BackendError(f"{place} does not speak TLS as it should")
        case ClientConnectorError():
            return BackendError(f"{place} cannot be reached: {error.os_error.strerror or 'no connection'}")
        case ClientPayloadError():
            return BackendError(f"{place} broke off in the middle of its answer")
        case ServerDisconnectedError() | OSError():
            return BackendError(f"{place} broke off before it answered")
        case ClientResponseError():
            return BackendError(f"{place} answered something that is not HTTP")
        case _:
            return BackendError(f"{place} cannot be asked: {type(error).__name__}")


def shown(said: str) -> str:
    """A server's own words: its error, if it names one, as one short line."""
    words = " ".join(re.sub(r"<[^>]*>", " ", _error_in(said)).split())
    words = "".join(char if char.isprintable() else "?" for char in words)
    if len(words) <= SAID_MAX:
        return words
    return f"{words[: SAID_MAX + 1].rpartition(' ')[0]}…"


def _error_in(said: str) -> str:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return said
    if isinstance(found, dict):
        for key in ("error_description", "error", "message", "detail"):
            if isinstance(found.get(key), str):
                return str(found[key])
    return said


def _retry_after_s(value: str) -> float | None:
    """Seconds, from a Retry-After header: a number of them, or a date."""
    if value.strip().isdecimal():
        return min(float(value), RETRY_AFTER_MAX_S)
    try:
        when = parsedate_to_datetime(value)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        after_s = (when - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, after_s), RETRY_AFTER_MAX_S)
