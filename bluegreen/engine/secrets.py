"""Secrets: put in at the last moment, and taken out of whatever comes back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

from bluegreen.errors import PermanentBackendError
from bluegreen.ports import Backend
from bluegreen.spec import JSON, SecretKeyRef

HIDDEN = "***"


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
    """The value with each secret, however it is commonly written, replaced by `***`."""
    words = sorted({word for secret in secrets.values() for word in _forms(secret)}, key=len, reverse=True)
    return _redacted(value, words) if words else value


def _forms(secret: str) -> set[str]:
    """As it is, without the line end that files have, in a URL, in base64."""
    plain = {secret, secret.strip()} - {""}
    encoded = {form(one) for one in plain for form in (quote, quote_plus)}
    return plain | encoded | {base64.b64encode(one.encode()).decode() for one in plain}


def _redacted(value: JSON, words: list[str]) -> JSON:
    if isinstance(value, str):
        for word in words:
            value = value.replace(word, HIDDEN)
        return value
    if isinstance(value, list):
        return [_redacted(one, words) for one in value]
    if isinstance(value, dict):
        return {_redacted(key, words): _redacted(one, words) for key, one in value.items()}
    return value
