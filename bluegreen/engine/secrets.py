"""Secrets: put in at the last moment, and taken out of whatever comes back."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus

from bluegreen.errors import PermanentBackendError
from bluegreen.ports import Backend
from bluegreen.spec import JSON, SecretKeyRef

HIDDEN = "***"
_DERIVED_MIN: Final = 4
"""What a secret is written as in another form is searched for from so many characters on: less is everywhere."""
_REST_MIN, _RESTS_MAX = 8, 24
"""What a cut may leave of a secret is searched for from so many characters on, at so many breaks of each line."""
_CUT: Final = "\u2026 "
"""Behind this mark of a hook's output (see `hooks.command.process`) what a cut left is looked for however short."""
_GO = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


async def secrets_of(backend: Backend, wanted: Mapping[str, SecretKeyRef]) -> dict[str, str]:
    """The values of these arguments, by their placeholders (`args.NAME`), each read now.

    Raises what the backend's secrets raise, and `PermanentBackendError` when it has none at all.
    """
    if not wanted:
        return {}
    if backend.secrets is None:
        names = ", ".join(f"{one.name}/{one.key}" for one in wanted.values())
        remedy = "give the command line --secrets DIRECTORY, or the backend a reader of secrets"
        raise PermanentBackendError(f"the secrets {names} are needed, and there is nowhere to read them", remedy=remedy)
    return {f"args.{name}": await backend.secrets.read(ref.name, ref.key) for name, ref in wanted.items()}


def redacted(value: JSON, secrets: Mapping[str, str]) -> JSON:
    """The value with each secret, however it is commonly written, replaced by `***`.

    A number goes when it is the whole of a secret (482913, and 482913.0 too), not when it has one in it.
    """
    words = sorted({word for secret in secrets.values() for word in _forms(secret)}, key=len, reverse=True)
    numbers = {secret.strip() for secret in secrets.values()}
    return _redacted(value, words, numbers) if words else value


def _forms(secret: str) -> set[str]:
    """As it is, without the line end that files have, as a hook's output shows it; quoted, in a URL, in base64."""
    exact = {secret, secret.strip()} - {""}
    plain = exact | {_shown(one) for one in exact}
    quoted = {form for one in plain for form in _quoted(one)}
    quoted |= {form for one in quoted for form in _quoted(one)}  # an answer in JSON, itself quoted in an error
    urls = {form for one in plain for form in (quote(one), quote_plus(one), quote(one, safe=""))}
    derived = quoted | urls | {form for one in plain for form in _base64(one)}
    rests = {rest for one in plain | derived for rest in _rests(one)}
    return plain | {one for one in derived if len(one) >= _DERIVED_MIN} | rests


def _shown(secret: str) -> str:
    """As `hooks.command.process.last_lines` has it, for a terminal."""
    lines = secret.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in lines)


def _quoted(secret: str) -> set[str]:
    """Inside a string of JSON (as most write it, and as Go does), and of Python's `repr` with either quote."""
    short = json.dumps(secret, ensure_ascii=False)[1:-1]
    either = repr(f"{secret}'\"")[1:-4]  # with both quotes in a text, one of them is escaped
    return {short, short.translate(_GO), json.dumps(secret)[1:-1], repr(secret)[1:-1], either}


def _base64(secret: str) -> set[str]:
    """In base64, also as a part of something longer: without the characters that its neighbours have a share in."""
    found: set[str] = set()
    for before in range(3):
        data = b"\0" * before + secret.encode()
        first, end = -(-before * 8 // 6), len(data) * 8 // 6
        for written in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
            found |= {written[first:], written[first:end]}
    return found


def _rests(secret: str) -> set[str]:
    """What is left of it where a text was cut at a break: its lines, and the ends of these."""
    found: set[str] = set()
    for line in secret.splitlines():
        rest = line.strip()
        for _ in range(_RESTS_MAX):
            found.add(rest)
            rest = "".join(rest.split(maxsplit=1)[1:])
    return {one for one in found if len(one) >= _REST_MIN} | {f"{_CUT}{one}" for one in found if one}


def _redacted(value: JSON, words: list[str], numbers: set[str]) -> JSON:
    if isinstance(value, str):
        for word in words:
            value = value.replace(word, HIDDEN)
        return value
    if isinstance(value, list):
        return [_redacted(one, words, numbers) for one in value]
    if isinstance(value, dict):
        return {_redacted(key, words, numbers): _redacted(one, words, numbers) for key, one in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = isinstance(value, float) and value.is_integer()
        return HIDDEN if {str(value), str(int(value)) if whole else str(value)} & numbers else value
    return value
