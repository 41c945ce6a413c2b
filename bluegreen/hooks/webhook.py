"""Webhooks as steps of a release: a POST under an idempotency key, which another server makes happen once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import ClientConnectorError, ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar
from attrs import frozen
from yarl import URL

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON

REQUEST_S: Final = 30.0
"""So long one request may take."""
AGAIN_S, AGAIN_MAX_S = 2.0, 60.0
"""How soon a server that said 202 is asked again, unless its Retry-After says when; and at most so late."""
_PASSING: Final = frozenset({408, 425, 429})
"""Answers of the kind 4xx that say nothing against the request itself."""
RELEASE = ("rollout", "namespace", "revision", "stable", "attempt", "hook")


@frozen
class _Call:
    url: URL
    headers: Mapping[str, str]
    body: bytes

    @property
    def where(self) -> str:
        """The server alone: the rest of an address may be secret."""
        return f"{self.url.host}:{self.url.port}"


class Webhooks:
    """Calls under way, each by its key. After a crash they are called again with the same idempotency key."""

    def __init__(self) -> None:
        self._calls: dict[Key, asyncio.Task[Outcome]] = {}
        self._cancelled: dict[Key, Outcome] = {}
        self._http: ClientSession | None = None

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """Begins to call, unless it has been called under this key. Raises `PermanentBackendError` for what is none."""
        if key not in self._calls:
            self._calls[key] = asyncio.create_task(self._run(key, _call(hook)), name=f"webhook {key.run}")

    async def poll(self, key: Key) -> Outcome | None:
        """What the server came to, None as long as it works on it. The value is `{"status": 200}`."""
        if key not in self._calls:
            raise BackendError("no step was started under this key")
        task = self._calls[key]
        if not task.done():
            return None
        if task.cancelled():
            now = datetime.now(UTC)
            return self._cancelled.setdefault(key, Outcome(key, now, now, error="cancelled", retry=False))
        return task.result()

    async def cancel(self, key: Key) -> None:
        """Waits no longer for the server, which is not told: there is no common way to."""
        if task := self._calls.get(key):
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        """Ends the calls and closes the connections."""
        for task in self._calls.values():
            task.cancel()
        await asyncio.gather(*self._calls.values(), return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def _run(self, key: Key, call: _Call) -> Outcome:
        started_at = datetime.now(UTC)
        value: JSON = None
        try:
            value, error, retry = await self._called(call), "", True
        except BackendError as failed:
            error, retry = str(failed), not failed.permanent
        return Outcome(key, started_at, datetime.now(UTC), value=value, error=error, retry=retry)

    async def _called(self, call: _Call) -> JSON:
        """Asks until the answer is final, and returns what it was. Raises `BackendError` for all but a success."""
        method, url = "POST", call.url
        while True:
            status, wait_s, location = await self._ask(method, url, call)
            if status != 202:
                return _judged(status, call)
            there = _same_server(call.url, location)
            method, url = ("GET", there) if there else ("POST", call.url)
            await asyncio.sleep(wait_s)

    async def _ask(self, method: str, url: URL, call: _Call) -> tuple[int, float, str]:
        """The status, when to ask again, and where to. Its errors name the server and nothing else of the request."""
        if self._http is None:
            self._http = ClientSession(timeout=ClientTimeout(total=REQUEST_S), cookie_jar=DummyCookieJar())
        body = call.body if method == "POST" else None
        try:
            async with self._http.request(
                method, url, data=body, headers=call.headers, allow_redirects=False
            ) as answer:
                return answer.status, _again_s(answer), answer.headers.get("Location", "")
        except TimeoutError:
            raise BackendError(f"{call.where} did not answer within {REQUEST_S:g} s") from None
        except ClientConnectorError as error:
            raise BackendError(f"cannot connect to {call.where}: {error.strerror or 'no answer'}") from None
        except (ClientError, OSError) as error:
            raise BackendError(f"{call.where} broke off: {type(error).__name__}") from None
        except ValueError:
            raise PermanentBackendError(
                f"no request to {call.where} can be made", remedy="mend the url or the headers"
            ) from None


def _judged(status: int, call: _Call) -> JSON:
    if 200 <= status < 300:
        return {"status": status}
    said = f"{call.where} answered {status}"
    if 300 <= status < 400:
        raise PermanentBackendError(f"{said}, and redirects are not followed", remedy="write the address it leads to")
    if 400 <= status < 500 and status not in _PASSING:
        raise PermanentBackendError(said, remedy="mend the hook or the server, then retry")
    raise BackendError(said)


def _again_s(answer: ClientResponse) -> float:
    said = answer.headers.get("Retry-After", "")
    return min(float(said), AGAIN_MAX_S) if said.isascii() and said.isdigit() else AGAIN_S


def _same_server(url: URL, location: str) -> URL | None:
    """Where the answer will be, if that is on the same server: the headers may be secrets, and are for it alone."""
    try:
        there = url.join(URL(location)) if location else None
        return there if there is not None and there.origin() == url.origin() else None
    except ValueError:
        return None


def idempotency_key(about: Mapping[str, Any]) -> str:
    """The same for the same rollout, revision, attempt and hook, however often it is tried."""
    names = ("namespace", "rollout", "revision", "attempt", "hook")
    text = json.dumps([about.get(name) for name in names])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _call(hook: Mapping[str, JSON]) -> _Call:
    about, body, headers = hook.get("release") or {}, hook.get("body") or {}, hook.get("headers") or {}
    try:
        url = URL(str(hook.get("url", "")))
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise PermanentBackendError("a webhook has no address", remedy="url is http://... or https://...")
    if not isinstance(headers, Mapping):
        raise PermanentBackendError("a webhook's headers are a mapping", remedy="write NAME: value")
    if hook.get("method", "POST") != "POST":
        raise PermanentBackendError("a webhook is sent with POST", remedy="leave method out")
    own = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key(about), "User-Agent": "bluegreen"}
    lower = {name.lower() for name in own}
    sent = {**{name: str(one) for name, one in headers.items() if name.lower() not in lower}, **own}
    try:
        more = body if isinstance(body, Mapping) else {"body": body}
        said = {**{name: about.get(name) for name in RELEASE}, **more}
        text = json.dumps(said, allow_nan=False)
    except (TypeError, ValueError):
        raise PermanentBackendError("a webhook's body is no JSON", remedy="leave NaN and infinity out") from None
    return _Call(url, sent, text.encode())
