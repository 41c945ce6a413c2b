"""Connections on which nothing is sent twice, no redirect is followed and no time is lost.

A client library costs several times what a request itself costs, and a load generator that is busy with itself measures
itself. So requests are written once, as bytes, and answers are read no further than their status and their end.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final, cast

from attrs import frozen
from yarl import URL

from bluegreen.metrics.load.answers import Answer, Malformed
from bluegreen.metrics.load.plan import Shot

_WITH_BODY: Final = ("PATCH", "POST", "PUT")


@frozen
class Aim:
    """One request, as it is sent, and where to. `tls`: None without it."""

    shot: Shot
    host: str
    port: int
    tls: ssl.SSLContext | None
    request: bytes


def aim(shot: Shot, base: str, tls: ssl.SSLContext | None) -> Aim:
    """The request of a shot at a base URL; `tls` is used where the URL says https."""
    url = URL(f"{base.rstrip('/')}{shot.path}")
    headers = {"host": _authority(url), "user-agent": "bluegreen-load", "accept": "*/*"}
    headers |= {name.lower(): value for name, value in shot.headers.items()}
    if shot.body is not None or shot.method in _WITH_BODY:
        headers["content-length"] = str(len(shot.body or b""))
    lines = [f"{shot.method} {url.raw_path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    request = "".join(f"{line}\r\n" for line in (*lines, "")).encode() + (shot.body or b"")
    secure = url.scheme == "https"
    return Aim(shot, url.host or "", url.port or (443 if secure else 80), tls if secure else None, request)


def _authority(url: URL) -> str:
    return url.authority.rpartition("@")[2]


class Connection(asyncio.Protocol):
    """One connection to a `place`, for one request at a time. `usable`: another may be sent on it."""

    def __init__(self, place: tuple[str, int]) -> None:
        self.place = place
        self.usable = False
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._done: asyncio.Future[None] | None = None

    @staticmethod
    async def to(one: Aim) -> Connection:
        """Connects. Raises `OSError` (with its many kinds)."""
        loop, place = asyncio.get_running_loop(), (one.host, one.port)
        _, made = await loop.create_connection(lambda: Connection(place), one.host, one.port, ssl=one.tls)
        return made

    async def ask(self, one: Aim) -> int:
        """Sends the request once and waits for the end of its answer; the status.

        Raises `ConnectionError` when it breaks off, `Malformed` for what is no answer. Cut short, it is not usable.
        """
        assert self._transport is not None
        answer = self._answer = Answer(bodiless=one.shot.method == "HEAD")
        done = self._done = asyncio.get_running_loop().create_future()
        self.usable = False
        self._transport.write(one.request)
        try:
            await done
            self.usable = answer.reusable
        finally:
            self._answer = self._done = None
            if not self.usable:
                self._transport.abort()
        return answer.status

    def close(self) -> None:
        """Closes it at once."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio says: it is there."""
        self._transport = cast("asyncio.Transport", transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """asyncio says: something came."""
        if self._answer is None:
            self.close()  # nobody asked
            return
        try:
            self._answer.feed(data)
        except Malformed as error:
            self._settle(error)
        else:
            if self._answer.done:
                self._settle(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio says: it is closed, by whomever."""
        self.usable = False
        if self._answer is not None:
            self._answer.closed()
            self._settle(None if self._answer.done else ConnectionResetError("the connection broke off"))

    def _settle(self, error: Exception | None) -> None:
        if self._done is None or self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)
