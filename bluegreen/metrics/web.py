"""JSON over HTTP: any service that can say how it is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from attrs import frozen
from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from yarl import URL

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.fields import Fields, problems_of, usable
from bluegreen.metrics.http import Access, Http, Reply, Request
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON

TIMEOUT_S: Final = 10.0
"""Argo's default."""
METHODS: Final = ("GET", "POST", "PUT")
_PATH_MAX: Final = 1000
_AT_ONCE_MAX: Final = 16 * 1024
"""In a body of more bytes than this a path is followed in a thread: in the largest it can take seconds."""
_OF_KUBERNETES: Final = re.compile(r"\{\s*(range|end)\b")


@frozen
class _Query:
    url: URL
    method: str
    body: str
    json_body: JSON
    path: str
    timeout_s: float
    access: Access


class Web:
    """`provider.web`, with Argo's fields: what `jsonPath` finds first, the whole JSON without one, or plain text."""

    def __init__(self, context: Context) -> None:
        self._http = Http(context.hosts)

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.close()

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """One request. Where the path leads to nothing, or to null: `NoData`, since the service answered as it should.

        Raises `BackendError` and `PermanentBackendError`, also for a status other than 2xx.
        """
        asked = usable("web", query, _read)
        access, body = asked.access, asked.body.encode() or None
        if asked.json_body is not None:
            body = json.dumps(asked.json_body).encode()
            if "Content-Type" not in access.headers:
                access = access.also("Content-Type", "application/json")
        repeatable = asked.method == "GET"
        request = Request(asked.url, asked.method, None, None, body, asked.timeout_s, repeatable=repeatable)
        reply = await self._http.ask(request, access)
        if not reply.ok:
            raise reply.refused()
        if asked.path and len(reply.body) > _AT_ONCE_MAX:
            return await asyncio.to_thread(_found, reply, asked.path)
        return _found(reply, asked.path)

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query, as far as it can be seen without asking."""
        return problems_of(query, _read)


def _read(fields: Fields) -> _Query:
    asked = _Query(
        fields.address("url"),
        fields.choice("method", "GET", METHODS),
        fields.words("body"),
        fields.json("jsonBody"),
        _path(fields),
        fields.limit_s("timeoutSeconds", TIMEOUT_S),
        Access.of(fields),
    )
    if not isinstance(asked.json_body, Mapping | list | None):
        fields.wrong("a mapping or a list is needed", "", "jsonBody")
    bodies = [key for key in ("body", "jsonBody") if key in fields]
    if len(bodies) == 2:
        fields.wrong("there is a body as well", "leave one of them", "jsonBody")
    if bodies and asked.method == "GET" and not fields.open("method"):
        fields.wrong("a GET has no body", "write method: POST", bodies[0])
    fields.no_others()
    return asked


def _path(fields: Fields) -> str:
    path, remedy = fields.json("jsonPath") or "", "write {$.data.ok}, for instance"
    if not isinstance(path, str):
        fields.wrong("a text is needed", remedy, "jsonPath")
        return ""
    if not fields.open("jsonPath"):
        try:
            compiled(path)
        except ValueError as error:
            fields.wrong(f"that is no JSONPath: {error}", remedy, "jsonPath")
    return path


def _found(reply: Reply, path: str) -> JSON | NoData | Reading:
    try:
        body = reply.json()
    except BackendError:
        if path:
            raise  # a page in HTML, say: nothing to take for an answer
        return reply.body.decode(errors="replace")
    if path:
        try:
            body = next((match.value for match in compiled(path).finditer(body)), None)
        except (JSONPathError, RecursionError) as error:
            message = f"the jsonPath cannot be followed in what {reply.place} answered"
            raise PermanentBackendError(message, remedy="write a simpler one") from error
    return NoData() if body is None else Reading(body)


@lru_cache(maxsize=256)
def compiled(path: str) -> JSONPath:
    """A path as Argo writes it, in braces, ready to use: `{$.data.ok}`, `{.data.ok}`. Raises `ValueError`, in words."""
    if len(path) > _PATH_MAX:
        raise ValueError(f"it is longer than {_PATH_MAX} characters")
    if _OF_KUBERNETES.search(path):
        raise ValueError("{range} and {end} write texts; here one value is found")
    plain = path.strip()
    if plain.startswith("{") and plain.endswith("}"):
        plain = plain[1:-1].strip()
    if "{" in plain or "}" in plain:
        raise ValueError("one path in one pair of braces is needed")
    _, _, filters = plain.partition("?")
    if plain.count("..") > 1 or ".." in filters or "$" in filters:
        # Each would look at everything for everything: minutes, in an answer of the largest size.
        raise ValueError("one .. is enough, and a filter has none and no $")
    plain = plain.removeprefix("@")
    if not plain.startswith("$"):
        plain = f"${plain}" if plain[:1] in (".", "[", "") else f"$.{plain}"
    try:
        found = _environment().compile(plain)
    except JSONPathError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    assert isinstance(found, JSONPath), "RFC 9535 has no other"
    return found


def _environment() -> JSONPathEnvironment:
    """The paths of RFC 9535, without its regular expressions, which can be made to take for ever."""
    environment = JSONPathEnvironment(strict=True)
    for name in ("match", "search"):
        del environment.function_extensions[name]
    return environment
