"""JSON over HTTP: any service that can say how it is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from yarl import URL

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.http import (
    ACCESS,
    Access,
    Check,
    Http,
    Reply,
    Request,
    address,
    mapping,
    one_of,
    problems_of,
    refused,
    seconds,
    seconds_of,
    text,
    wrong,
)
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON

TIMEOUT_S: Final = 10.0
"""Argo's default."""
METHODS: Final = ("GET", "POST", "PUT")
_PATH_MAX: Final = 1000
_AT_ONCE_MAX: Final = 16 * 1024
"""In a body of more bytes than this a path is followed in a thread: in the largest it can take seconds."""
_OF_KUBERNETES: Final = re.compile(r"\{\s*(range|end)\b")


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
        refused("web", self.check(query))
        access, method, body = Access.of(query), query.get("method") or "GET", None
        if (plain := query.get("body")) is not None:
            body = plain.encode()
        elif query.get("jsonBody") is not None:
            body = json.dumps(query["jsonBody"]).encode()
            if "Content-Type" not in access.headers:
                access = access.also("Content-Type", "application/json")
        timeout_s = seconds_of(query.get("timeoutSeconds"), TIMEOUT_S)
        request = Request(URL(query["url"].strip()), method, None, None, body, timeout_s, repeatable=method == "GET")
        reply = await self._http.ask(request, access)
        if not reply.ok:
            raise reply.refused()
        path = query.get("jsonPath") or ""
        if path and len(reply.body) > _AT_ONCE_MAX:
            return await asyncio.to_thread(_found, reply, path)
        return _found(reply, path)

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query, as far as it can be seen without asking."""
        known: dict[str, Check] = {
            "url": address,
            "method": one_of(*METHODS),
            "body": text,
            "jsonBody": mapping,
            "timeoutSeconds": seconds,
            "jsonPath": _json_path,
            **ACCESS,
        }
        found = problems_of(query, known, ("url",))
        bodies = [name for name in ("body", "jsonBody") if query.get(name) is not None]
        if len(bodies) == 2:
            found.append(Problem(("jsonBody",), "there is a body as well", "leave one of them"))
        if bodies and (query.get("method") or "GET") == "GET":
            found.append(Problem((bodies[0],), "a GET has no body", "write method: POST"))
        return found


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


def _json_path(value: JSON) -> list[Problem]:
    if not isinstance(value, str):
        return wrong("a text is needed", "write {$.data.ok}, for instance")
    if "{{" in value:
        return []
    try:
        compiled(value)
    except ValueError as error:
        return wrong(f"that is no JSONPath: {error}", "write {$.data.ok}, for instance")
    return []
