"""How a query shows that it may ask: headers, authentication, TLS; and what of it must never be shown."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus

from attrs import evolve, field, frozen
from multidict import CIMultiDict

from bluegreen.errors import PermanentBackendError, Problem
from bluegreen.metrics.http.fields import Check, address, below, filled_in_later, flag, refuse, text, wrong
from bluegreen.spec import JSON

HIDDEN: Final = "***"
_SHORTEST: Final = 4
"""A secret shorter than this is not looked for in texts: hiding it would make nonsense of them, and hide nothing."""


@frozen
class OAuth2:
    """Client credentials (RFC 6749, 4.4)."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()


@frozen
class Access:
    """What goes with each request of a query. `headers` are found however they are written, large or small.

    `tls`: what aiohttp's `ssl` takes.
    """

    headers: Mapping[str, str] = field(factory=CIMultiDict[str], repr=False, converter=CIMultiDict[str])
    oauth2: OAuth2 | None = None
    tls: ssl.SSLContext | bool = True

    @staticmethod
    def of(query: Mapping[str, JSON]) -> Access:
        """What the fields `headers`, `authentication`, `insecure` and `ca` of a checked query say.

        Raises `PermanentBackendError` for a header or a certificate that cannot be used.
        """
        headers = CIMultiDict({"User-Agent": "bluegreen"})
        for one in query.get("headers") or []:
            # Files of secrets end with a line end, which no header may hold.
            headers[one["key"]] = one["value"].strip()
        authentication = query.get("authentication") or {}
        if basic := authentication.get("basic"):
            headers["Authorization"] = basic_of(basic["username"].strip(), basic["password"].strip())
        for name, value in headers.items():
            if any(ord(char) < 32 and char != "\t" for char in name + value):
                raise PermanentBackendError(
                    f"the value of the header {name!r} has a line break", remedy="write it on one line"
                )
        oauth2 = authentication.get("oauth2")
        return Access(headers, _oauth2(oauth2) if oauth2 else None, _tls(query))

    def also(self, name: str, value: str) -> Access:
        """The same with one more header, or with this value of it."""
        headers = CIMultiDict(self.headers)
        headers[name] = value
        return evolve(self, headers=headers)

    def secrets(self) -> Iterator[str]:
        """What must not be shown: each header's value, and what stands behind the word `Bearer` or `Basic` in it."""
        for name, value in self.headers.items():
            if name != "User-Agent":
                yield from (value, value.partition(" ")[2])
            if value.startswith("Basic "):
                yield from _inside(value.removeprefix("Basic "))
        if self.oauth2:
            yield self.oauth2.client_secret


def _inside(encoded: str) -> Iterator[str]:
    try:
        yield base64.b64decode(encoded).decode(errors="replace").partition(":")[2]
    except ValueError:
        return


def basic_of(username: str, password: str) -> str:
    """The value of the Authorization header for a user and a password."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def hidden(shown: str, secrets: Iterator[str]) -> str:
    """The text with each secret, as it is or as a URL has it, replaced by `***`."""
    words = {form for one in secrets for form in (one, quote(one), quote_plus(one))}
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= _SHORTEST:
            shown = shown.replace(word, HIDDEN)
    return shown


def _oauth2(fields: Mapping[str, JSON]) -> OAuth2:
    return OAuth2(
        fields["tokenUrl"].strip(),
        fields["clientId"].strip(),
        fields["clientSecret"].strip(),
        tuple(fields.get("scopes") or ()),
    )


def _tls(query: Mapping[str, JSON]) -> ssl.SSLContext | bool:
    if query.get("insecure"):
        return False
    return _trusting(query["ca"].strip()) if query.get("ca") else True


@lru_cache(maxsize=64)
def _trusting(ca: str) -> ssl.SSLContext:
    """A context that trusts these certificates only. The same for the same text, so that connections are shared."""
    try:
        return ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError) as error:
        raise PermanentBackendError("ca holds no certificate in PEM form", remedy="write one in full") from error


def _headers(value: JSON) -> list[Problem]:
    if not isinstance(value, list):
        return wrong("a list is needed", "write - {key: Authorization, value: Bearer TOKEN}, for instance")
    found = list[Problem]()
    for index, one in enumerate(value):
        fits = isinstance(one, Mapping) and sorted(one) == ["key", "value"]
        if not (fits and all(isinstance(part, str) and part.strip() for part in one.values())):
            found += wrong("a header has a key and a value, both of them texts", "", index)
    return found


def _scopes(value: JSON) -> list[Problem]:
    return [] if isinstance(value, list) and all(isinstance(one, str) for one in value) else wrong("a list is needed")


def _certificates(value: JSON) -> list[Problem]:
    if filled_in_later(value) or (isinstance(value, str) and "-----BEGIN CERTIFICATE-----" in value):
        return []
    return wrong("a certificate in PEM form is needed", "write its text, or {{args.NAME}} of a secret that holds it")


_SIGV4: Final = refuse(
    "AWS's signature (sigv4) is not supported", "put a signing proxy in front, such as aws-sigv4-proxy, and address it"
)
_OAUTH2: Final = below(
    {"tokenUrl": address, "clientId": text, "clientSecret": text, "scopes": _scopes},
    ("tokenUrl", "clientId", "clientSecret"),
)


def _authentication(value: JSON) -> list[Problem]:
    known: dict[str, Check] = {
        "basic": below({"username": text, "password": text}, ("username", "password")),
        "oauth2": _OAUTH2,
        "sigv4": _SIGV4,
    }
    found = list(below(known)(value))
    if not found and sum(bool(one) for one in value.values()) > 1:
        found = wrong("one way to authenticate is enough", "leave one of them")
    return found


ACCESS: Final[Mapping[str, Check]] = {
    "authentication": _authentication,
    "headers": _headers,
    "insecure": flag,
    "ca": _certificates,
}
"""The fields that `Access.of` reads."""
