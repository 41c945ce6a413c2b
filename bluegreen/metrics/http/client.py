"""One session, and one way to ask."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote_plus

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
)
from attrs import evolve, field, frozen
from yarl import URL

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.metrics.http.access import Access, OAuth2, basic_of, hidden
from bluegreen.metrics.http.failures import broken, not_json, place_of, refusal, shown

BODY_MAX: Final = 1024 * 1024
"""An answer has so many bytes at most, unpacked."""
_REDIRECTS_MAX: Final = 5
_MOVED: Final = (301, 302, 303, 307, 308)
_MARGIN_S: Final = 10.0
"""A token is not used in its last seconds."""
_LASTS_S: Final = 300.0
"""A token that does not say how long it lasts is taken to last so long."""
_LASTS_MAX_S: Final = 1e9
"""One that says it lasts longer does not say."""


@frozen
class Request:
    """What is asked. `repeatable`: asking twice does no harm, and is done once when a kept connection breaks off."""

    url: URL = field(repr=False)
    method: str = "GET"
    params: Mapping[str, str] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    repeatable: bool = True

    def secrets(self) -> Iterator[str]:
        """What of it may be a secret, and is not shown: what stands before the host, and the values behind `?`."""
        yield self.url.password or ""
        yield from self.url.query.values()
        for given in (self.params, self.form):
            yield from (given or {}).values()
        if self.body:
            yield self.body.decode(errors="replace")


@frozen
class Reply:
    """An answer of 2xx (or another, where the caller looks itself), read to its end. `place`: host and port."""

    status: int
    place: str
    body: bytes
    headers: Mapping[str, str]
    _hide: tuple[str, ...] = field(default=(), repr=False, alias="hide")

    @property
    def ok(self) -> bool:
        """Whether the server did as asked."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON, NaN and infinity allowed. Raises `BackendError`: half a proxy's page may be gone later."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise not_json(self.place, self.said) from error

    def refused(self) -> BackendError:
        """What a status other than 2xx means to the engine, in words for a person."""
        return refusal(self.status, self.place, self.said, self.headers)

    @property
    def said(self) -> str:
        """The body as text, without the secrets of the request."""
        return hidden(self.body.decode(errors="replace"), iter(self._hide))

    def words(self, said: str) -> str:
        """A part of what the server said itself, fit to be shown: short, and without the secrets of the request."""
        return shown(hidden(said, iter(self._hide)))


class Http:
    """The session of one provider: made with the first request, ended by `close`.

    `hosts` says where to find here what a URL calls `host:port`; whoever answers there is asked by that name all the
    same.
    """

    def __init__(self, hosts: Mapping[str, str] | None = None) -> None:
        self._hosts = dict(hosts or {})
        self._session: ClientSession | None = None
        self._tokens: dict[OAuth2, tuple[str, float]] = {}
        self._locks: dict[OAuth2, asyncio.Lock] = {}

    async def close(self) -> None:
        """Ends the session and its connections. Closing what was never used is no error."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def ask(self, request: Request, access: Access) -> Reply:
        """The answer, whatever its status. Redirects are followed within the host only.

        Raises `BackendError` when there is none in time or in full, `PermanentBackendError` for a certificate that is
        not trusted, an answer that is too large and a redirect that is not followed.
        """
        place = place_of(request.url)
        try:
            async with asyncio.timeout(request.timeout_s):
                reply = await self._known(request, access)
                if reply.status == 401 and access.oauth2 and self._tokens.pop(access.oauth2, None):
                    reply = await self._known(request, access)  # the token may have been withdrawn
                return reply
        except TimeoutError as error:
            raise BackendError(f"{place} gave no answer within {request.timeout_s:g} s") from error
        except (ClientError, OSError, ValueError) as error:
            raise broken(place, error) from None  # its text may hold the URL

    async def _known(self, request: Request, access: Access) -> Reply:
        """The answer to a request that carries its token."""
        if access.oauth2 is None:
            return await self._followed(request, access)
        token = await self._token(access.oauth2, access)
        return await self._followed(request, access.also("Authorization", f"Bearer {token}"))

    async def _followed(self, request: Request, access: Access) -> Reply:
        place, at = place_of(request.url), request.url
        for _ in range(_REDIRECTS_MAX + 1):
            reply = await self._once(evolve(request, url=at), access)
            if reply.status not in _MOVED:
                return reply
            to = at.join(URL(reply.headers.get("Location", "")))
            upgraded = to.host == at.host and (at.scheme, to.scheme) == ("http", "https")
            if to.origin() != at.origin() and not (upgraded and at.is_default_port() and to.is_default_port()):
                raise PermanentBackendError(
                    f"{place} redirects to another server, {place_of(to)}",
                    remedy="write that server's address if it is to be trusted",
                )
            if request.method != "GET" and reply.status not in (307, 308):
                message = f"{place} redirects a {request.method} with {reply.status}, which would make a GET of it"
                raise PermanentBackendError(message, remedy="write the address to which it redirects")
            at = to
            request = evolve(request, params=None)  # they are part of where it leads
        raise PermanentBackendError(f"{place} redirects in a circle", remedy="write another address")

    async def _once(self, request: Request, access: Access) -> Reply:
        for again in (request.repeatable, False):
            try:
                return await self._sent(request, access)
            except (ServerDisconnectedError, ClientOSError) as error:  # a kept connection that the server had closed
                if not again or isinstance(error, ClientConnectorError):
                    raise
        raise AssertionError("unreachable")

    async def _sent(self, request: Request, access: Access) -> Reply:
        if self._session is None:
            self._session = ClientSession(cookie_jar=DummyCookieJar(), timeout=ClientTimeout())
        url, name = request.url, None
        if url.user is not None:
            if "Authorization" not in access.headers:
                access = access.also("Authorization", basic_of(url.user, url.password or ""))
            url = url.with_user(None)
        if here := self._hosts.get(f"{url.host}:{url.port}"):
            access, name = access.also("Host", url.authority), url.host
            host, _, port = here.rpartition(":")
            url = url.with_host(host.strip("[]")).with_port(int(port))
        async with self._session.request(
            request.method,
            url,
            params=request.params,
            data=request.form or request.body,
            headers=access.headers,
            ssl=access.tls,
            server_hostname=name if url.scheme == "https" else None,
            allow_redirects=False,
        ) as answer:
            body = await _bounded(answer)
            hide = (*access.secrets(), *request.secrets())
            return Reply(answer.status, place_of(url), body, answer.headers, hide=hide)

    async def _token(self, oauth2: OAuth2, access: Access) -> str:
        """A token, kept until shortly before its end."""
        async with self._locks.setdefault(oauth2, asyncio.Lock()):
            token, until = self._tokens.get(oauth2, ("", 0.0))
            if time.monotonic() < until:
                return token
            reply = await self._asked_for_token(oauth2, access)
            if not reply.ok:
                raise refusal(reply.status, f"the token server {reply.place}", reply.said, reply.headers)
            found = reply.json()
            given = found.get("access_token") if isinstance(found, dict) else None
            if not isinstance(given, str) or not given:
                raise BackendError(f"the token server {reply.place} gave no access_token")
            lasts_s = found.get("expires_in")
            lasts_s = lasts_s if isinstance(lasts_s, int | float) and 0 <= lasts_s <= _LASTS_MAX_S else _LASTS_S
            self._tokens[oauth2] = (given, time.monotonic() + lasts_s - _MARGIN_S)
            return given

    async def _asked_for_token(self, oauth2: OAuth2, access: Access) -> Reply:
        """Who asks stands in a header, as the RFC prefers; where a server does not take that, in the form."""
        form = {"grant_type": "client_credentials"}
        if oauth2.scopes:
            form["scope"] = " ".join(oauth2.scopes)
        request = Request(oauth2.token_url, "POST", form=form)
        nameless = Access({"User-Agent": "bluegreen"}, oauth2, access.tls)
        named = basic_of(quote_plus(oauth2.client_id), quote_plus(oauth2.client_secret))
        reply = await self._once(request, nameless.also("Authorization", named))
        if reply.status in (400, 401):
            form |= {"client_id": oauth2.client_id, "client_secret": oauth2.client_secret}
            reply = await self._once(evolve(request, form=form), nameless)
        return reply


async def _bounded(answer: ClientResponse) -> bytes:
    """The whole body, as long as it keeps within its bound."""
    parts, size = list[bytes](), 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > BODY_MAX:
            answer.close()
            raise PermanentBackendError(
                f"{place_of(answer.url)} answered more than {BODY_MAX // 1024} KiB",
                remedy="ask for less: aggregate, or shorten the range",
            )
        parts.append(part)
    return b"".join(parts)
