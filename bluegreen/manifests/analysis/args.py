"""Arguments of an analysis: declared by templates, given by a Rollout or on a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from bluegreen.manifests.fields import At, Unreadable, choice, did_you_mean, fields, items, name, text
from bluegreen.manifests.scalars import repr_json
from bluegreen.spec import JSON, Arg, PodTemplateHash, SecretKeyRef

NAME_MAX = 128
"""So many characters has an argument's name."""
ARGS_MAX = 100
"""In one list."""
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_STEP = re.compile(r"""(?:\.|^)([A-Za-z0-9_-]+)|\[(?:'([^'\]]+)'|"([^"\]]+)"|([0-9]{1,4}))\]""")
_TEMPLATE = ["spec", "template"]


@frozen(eq=False)
class DeclaredArg:
    """An argument, and where it stands. At most one of the others is set: a text, a place in the Rollout, or what is
    known only when it is measured."""

    at: At
    name: str
    value: str | None = None
    place: str = ""
    later: Arg | None = None

    @property
    def source(self) -> tuple[str | None, str, Arg | None]:
        """Where the value comes from."""
        return self.value, self.place, self.later

    @property
    def given(self) -> bool:
        """Whether it has a value."""
        return self.source != (None, "", None)


@frozen
class Arguments:
    """What placeholders stand for: texts, and what is put in only when it is measured.

    `revision`: there are revisions to measure, so that a query may speak of one.
    """

    values: Mapping[str, str] = field(factory=dict[str, str])
    later: Mapping[str, Arg] = field(factory=dict[str, Arg])
    revision: bool = True


def args(at: At) -> tuple[DeclaredArg, ...]:
    """The arguments of a list. Raises `Unreadable` when it is none."""
    if at.is_list and len(at.value) > ARGS_MAX:
        at.complain(f"more than {ARGS_MAX} arguments", "leave some out")
        raise Unreadable
    found = items(at, _arg)
    seen = set[str]()
    for one in found:
        if one.name in seen:
            one.at.child("name").complain(f'the argument "{one.name}" is given twice', "keep one of them")
        seen.add(one.name)
    return found


def _arg(at: At) -> DeclaredArg:
    found = fields(at, {"name": _arg_name, "value": _value, "valueFrom": _value_from})
    if at.child("name").value is None:
        at.child("name").complain("missing: an argument needs a name")
    if "value" in found and "valueFrom" in found:
        at.child("valueFrom").complain("it has a value already", "keep one of the two", key=True)
    kind, value = found.get("valueFrom", ("", None))
    argument = str(found.get("name", ""))
    later = None
    if kind == "secretKeyRef":
        later = Arg(argument, secret=value)
    elif kind == "podTemplateHashValue":
        later = Arg(argument, pod_template_hash=value)
    return DeclaredArg(at, argument, found.get("value"), value if kind == "fieldRef" else "", later)


def _arg_name(at: At) -> str:
    value = text(at)
    if len(value) > NAME_MAX or not _NAME.fullmatch(value):
        at.wrong("an argument's name", "use letters, digits, -, _ and . only, with a letter, digit or _ at both ends")
    return value


def _value(at: At) -> str:
    return "" if at.value == "" else text(at)


def _value_from(at: At) -> tuple[str, JSON]:
    """Which of the three it is, and what it says."""
    found = fields(
        at,
        {"secretKeyRef": secret_key_ref, "fieldRef": _field_ref, "podTemplateHashValue": choice(PodTemplateHash)},
    )
    if at.sound and len(found) != 1:
        what = "more than one source of a value" if found else "missing: where the value comes from"
        at.complain(what, "write secretKeyRef, fieldRef or podTemplateHashValue")
    if len(found) != 1:
        raise Unreadable
    return next(iter(found.items()))


def secret_key_ref(at: At) -> SecretKeyRef:
    """One key of a Secret."""
    found = fields(at, {"name": name, "key": text})
    for key in ("name", "key"):
        if at.child(key).value is None:
            at.child(key).complain(f"missing: the {'Secret' if key == 'name' else 'key in the Secret'} is needed here")
    if len(found) < 2:
        raise Unreadable
    return SecretKeyRef(found["name"], found["key"])


def _field_ref(at: At) -> str:
    path = fields(at, {"fieldPath": text}).get("fieldPath")
    here = at.child("fieldPath")
    if here.value is None:
        here.wrong("a place in the Rollout", "write fieldPath: metadata.labels['app'], for instance")
    if path is None:
        raise Unreadable
    if not _steps(path):
        here.wrong("a place in the Rollout", "write it like metadata.labels['app'] or spec.replicas")
    return str(path)


def _steps(path: str) -> list[str]:
    """The steps of a path such as `metadata.labels['app']`; none if it is no path."""
    steps, end = list[str](), 0
    for found in _STEP.finditer(path):
        if found.start() != end:
            return []
        end = found.end()
        steps += [part for part in found.groups() if part is not None]
    return steps if end == len(path) else []


def known(arg: DeclaredArg, rollout: At | None) -> str | Arg:
    """What the argument stands for, or how to come by it later. Raises `Unreadable` when there is no such thing.

    What stands below `spec.template` is looked up when it is measured: another image may be set until then.
    """
    if arg.later is not None:
        return arg.later
    if not arg.place:
        return arg.value or ""
    here = arg.at.child("valueFrom").child("fieldRef").child("fieldPath")
    if rollout is None:
        here.complain("there is no Rollout here to look into", f"give it on the command line: --arg {arg.name}=VALUE")
        raise Unreadable
    steps = _steps(arg.place)
    found: JSON = rollout.value
    for at, step in enumerate(steps):
        below = _below(found, step)
        if below is None and steps == ["metadata", "namespace"]:
            below = "default"
        if below is None:
            there = dict.fromkeys(found) if isinstance(found, dict) else {}
            otherwise = f"there is nothing at {'.'.join(steps[: at + 1])}"
            here.complain("no such place in the Rollout", did_you_mean(step, there, otherwise))
            raise Unreadable
        found = below
    if isinstance(found, dict | list):
        here.complain("a text or a number is needed, and in the Rollout there is more", "name a place further down")
        raise Unreadable
    if steps[:2] == _TEMPLATE:
        return Arg(arg.name, field=arg.place)
    return found if isinstance(found, str) else repr_json(found)


def _below(value: JSON, step: str) -> JSON:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


def flattened(declared: Iterable[DeclaredArg]) -> dict[str, DeclaredArg]:
    """The arguments of several templates as one; a value that two of them give differently is a problem."""
    found = dict[str, DeclaredArg]()
    for one in declared:
        first = found.get(one.name)
        if first is None or not first.given:
            found[one.name] = one
        elif one.given and one.source != first.source:
            message = f'the argument "{one.name}" has another value in another template of this analysis'
            here = one.at.child("value" if one.value is not None else "valueFrom")
            here.complain(message, "give it in one of them, or the same in both", key=True)
    return found
