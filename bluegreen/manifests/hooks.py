"""Hooks of a RolloutPolicy: programs and webhooks beside a release, and the secrets that they need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field

from bluegreen.manifests.analysis.args import secret_key_ref
from bluegreen.manifests.fields import (
    At,
    Reader,
    Unreadable,
    anything,
    choice,
    fields,
    items,
    seconds,
    text,
    texts,
)
from bluegreen.manifests.report import shortened
from bluegreen.manifests.web import header_name, http_url
from bluegreen.spec import JSON, Hook, HookPoint, OnDeadline, SecretKeyRef

HOOKS_MAX = 100
"""At one point of a release."""
_PLACEHOLDER = re.compile(r"\{\{\s*(?:args\.|revision\b)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def hooks(at: At) -> tuple[Hook, ...]:
    """The hooks of a policy, point by point. Raises `Unreadable` when they are none."""
    found = fields(at, {str(point): _hooks_at(point) for point in HookPoint})
    return tuple(hook for point in HookPoint for hook in found.get(str(point), ()))


def _hooks_at(point: HookPoint) -> Reader:
    def read(at: At) -> tuple[Hook, ...]:
        if at.is_list and len(at.value) > HOOKS_MAX:
            at.complain(f"more than {HOOKS_MAX} hooks", "a release waits for each of them: leave some out")
            raise Unreadable
        found = items(at, lambda one: _hook(one, point))
        if len(found) < len(at.value):
            at.document.said.add(at.path)  # places in what is left of the list are not places in the manifest
        return found

    return read


@define(eq=False)
class _Secrets:
    """The secrets of one hook, by the names that stand for them in its options."""

    refs: dict[str, SecretKeyRef] = field(factory=dict[str, SecretKeyRef])

    def stand_in(self, ref: SecretKeyRef, name: str) -> str:
        """The placeholder that stands for this secret."""
        plain = re.sub("[^A-Za-z0-9_]", "_", name)
        unique = plain if plain not in self.refs else f"{plain}_{len(self.refs)}"
        self.refs[unique] = ref
        return f"{{{{args.{unique}}}}}"


def _hook(at: At, point: HookPoint) -> Hook:
    secrets = _Secrets()
    found = fields(
        at,
        {
            "name": text,
            "command": texts,
            "webhook": lambda one: _webhook(one, secrets),
            "env": lambda one: _env(one, secrets),
            "deadlineSeconds": seconds,
            "onDeadline": choice(OnDeadline),
        },
    )
    if at.child("name").value is None:
        at.child("name").complain("missing: a hook needs a name", "write name: migrate, for instance")
    kinds = [kind for kind in ("command", "webhook") if at.child(kind).value is not None]
    if len(kinds) != 1:
        message = "a hook runs a command or calls a webhook, and this does " + ("both" if kinds else "neither")
        at.complain(message, "write command: [PROGRAM, ARGUMENT] or webhook: {url: ...}", key=True)
    if found.get("command") == ():
        at.child("command").complain("a program is needed here", "write command: [PROGRAM, ARGUMENT]")
    if "env" in found and kinds == ["webhook"]:
        at.child("env").complain("a webhook has no environment", "write headers in webhook", key=True)
    _no_placeholders(at)
    if len(kinds) != 1 or kinds[0] not in found or "name" not in found or not at.sound:
        raise Unreadable
    options: dict[str, JSON] = found.get("webhook", {})
    if kinds == ["command"]:
        options = {"argv": list(found["command"]), **({"env": found["env"]} if found.get("env") else {})}
    more = {"deadlineSeconds": "deadline_seconds", "onDeadline": "on_deadline"}
    given: dict[str, Any] = {name: found[key] for key, name in more.items() if key in found}
    return Hook(found["name"], point, kinds[0], options, secrets.refs, **given)


def _webhook(at: At, secrets: _Secrets) -> dict[str, JSON]:
    found = fields(at, {"url": _url, "headers": lambda one: _headers(one, secrets), "body": anything})
    if at.child("url").value is None:
        at.child("url").complain("missing: where it is", "write url: https://HOST/PATH")
    if "url" not in found:
        raise Unreadable
    return {key: value for key, value in found.items() if value != {} or key == "body"}


def _url(at: At) -> str:
    url = http_url(at)
    if "@" in urlsplit(url).netloc:
        at.complain("a password in a URL would be stored and shown", "write a header with valueFrom: {secretKeyRef}")
        raise Unreadable
    return url


def _headers(at: At, secrets: _Secrets) -> dict[str, str]:
    return _pairs(at, header_name, secrets, "header", fold=True)


def _env(at: At, secrets: _Secrets) -> dict[str, str]:
    return _pairs(at, _variable, secrets, "variable", fold=False)


def _pairs(at: At, name: Reader, secrets: _Secrets, what: str, *, fold: bool) -> dict[str, str]:
    """A list of names, each with its value, or with the secret that is its value. `fold`: case makes no difference."""
    found = dict[str, str]()
    seen = set[str]()
    readers: Mapping[str, Reader] = {"name": name, "value": _value, "valueFrom": _secret}
    for one, pair in items(at, lambda one: (one, fields(one, readers))):
        if one.child("name").value is None:
            one.child("name").complain(f"missing: a {what} needs a name")
        given = [key for key in ("value", "valueFrom") if one.child(key).value is not None]
        if len(given) != 1:
            one.complain(f"a {what} has a value or a secret, and this has {'both' if given else 'neither'}", key=True)
        if "name" not in pair or len(given) != 1 or given[0] not in pair:
            continue
        same = pair["name"].lower() if fold else pair["name"]
        if same in seen:
            one.child("name").complain(f"the {what} {shortened(pair['name'])} is given twice", "keep one of them")
        seen.add(same)
        ref = pair.get("valueFrom")
        found[pair["name"]] = secrets.stand_in(ref, pair["name"]) if ref else pair["value"]
    return found


def _variable(at: At) -> str:
    value = text(at)
    if not _VARIABLE.fullmatch(value):
        at.wrong("a variable's name", "use letters, digits and _ only, and no digit first")
    return value


def _value(at: At) -> str:
    if not isinstance(at.value, str):
        # It may be a secret: only its kind is told.
        at.complain("the value must be a text", "put it in quotes")
        raise Unreadable
    return at.value


def _secret(at: At) -> SecretKeyRef:
    ref: SecretKeyRef | None = fields(at, {"secretKeyRef": secret_key_ref}).get("secretKeyRef")
    if at.child("secretKeyRef").value is None:
        at.child("secretKeyRef").complain("missing: which secret?", "write secretKeyRef: {name: NAME, key: KEY}")
    if ref is None:
        raise Unreadable
    return ref


def _no_placeholders(at: At) -> None:
    """Nothing is filled into a hook but its secrets, each where it is declared."""
    if isinstance(at.value, str) and (found := _PLACEHOLDER.search(at.value)):
        at.complain("a hook has no arguments to fill in", "write it out; a secret has valueFrom", index=found.start())
    for key in at.value if at.is_mapping else ():
        if _PLACEHOLDER.search(key):
            at.child(key).complain("a hook has no arguments to fill in", "write it out", key=True)
    for one in at.children():
        _no_placeholders(one)
