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
from yarl import URL

from bluegreen.metrics.fields import Fields

HIDDEN: Final = "***"
_SHORTEST: Final = 4
"""A secret shorter than this is not looked for in texts: hiding it would make nonsense of them, and hide nothing."""


@frozen
class OAuth2:
    """Client credentials (RFC 6749, 4.4)."""

    token_url: URL
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
    def of(fields: Fields) -> Access:
        """What the fields `headers`, `authentication`, `insecure` and `ca` of a query say."""
        headers = CIMultiDict({"User-Agent": "bluegreen"})
        for name, value in _headers(fields):
            # Files of secrets end with a line end, which no header may hold.
            headers[name] = value.strip()
        basic, oauth2 = _authentication(fields)
        if basic:
            headers["Authorization"] = basic
        for name, value in headers.items():
            if any(ord(char) < 32 and char != "\t" for char in name + value):
                message = f"the value of the header {name!r} has a line break"
                fields.wrong(message, "write it on one line", "headers")
        return Access(headers, oauth2, _tls(fields))

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


def _headers(fields: Fields) -> Iterator[tuple[str, str]]:
    value = fields.json("headers")
    if value is None:
        return
    if not isinstance(value, list):
        remedy = "write - {key: Authorization, value: Bearer TOKEN}, for instance"
        fields.wrong("a list is needed", remedy, "headers")
        return
    for index, one in enumerate(value):
        fits = isinstance(one, Mapping) and sorted(one) == ["key", "value"]
        if fits and all(isinstance(part, str) and part.strip() for part in one.values()):
            yield one["key"], one["value"]
        else:
            fields.wrong("a header has a key and a value, both of them texts", "", "headers", index)


def _authentication(fields: Fields) -> tuple[str, OAuth2 | None]:
    """The value of the Authorization header, if that is known, and how to get a token, if one is needed."""
    ways = fields.inside("authentication")
    if ways is None:
        return "", None
    remedy = "put a signing proxy in front, such as aws-sigv4-proxy, and address it"
    ways.unsupported("sigv4", "AWS's signature (sigv4) is not supported", remedy)
    basic, oauth2 = ways.inside("basic"), ways.inside("oauth2")
    ways.no_others()
    if basic is not None and oauth2 is not None:
        fields.wrong("one way to authenticate is enough", "leave one of them", "authentication")
    return _basic(basic) if basic is not None else "", _oauth2(oauth2) if oauth2 is not None else None


def _basic(fields: Fields) -> str:
    username, password = (fields.words(key, wanted=True).strip() for key in ("username", "password"))
    fields.no_others()
    return basic_of(username, password)


def _oauth2(fields: Fields) -> OAuth2:
    client_id, client_secret = (fields.words(key, wanted=True).strip() for key in ("clientId", "clientSecret"))
    found = OAuth2(fields.address("tokenUrl"), client_id, client_secret, fields.texts("scopes"))
    fields.no_others()
    return found


def _tls(fields: Fields) -> ssl.SSLContext | bool:
    insecure, ca = fields.flag("insecure"), fields.words("ca").strip()
    if ca and not fields.open("ca"):
        if "-----BEGIN CERTIFICATE-----" not in ca:
            remedy = "write its text, or {{args.NAME}} of a secret that holds it"
            fields.wrong("a certificate in PEM form is needed", remedy, "ca")
        elif not insecure:
            try:
                return _trusting(ca)
            except (ssl.SSLError, ValueError):
                fields.wrong("ca holds no certificate in PEM form", "write one in full", "ca")
    return not insecure


@lru_cache(maxsize=64)
def _trusting(ca: str) -> ssl.SSLContext:
    """A context that trusts these certificates only. The same for the same text, so that connections are shared."""
    return ssl.create_default_context(cadata=ca)
