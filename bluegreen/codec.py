"""The record and the rollout as JSON, and back.

Reading is strict: an unknown field or a wrong type is `RecordDamaged`, a newer schema `RecordFromTheFuture`. Both
mean that nothing is done, rather than something half understood.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast, get_origin

from attrs import evolve, has, resolve_types

from bluegreen.errors import RecordDamaged, RecordFromTheFuture
from bluegreen.gates import Gate
from bluegreen.record import SCHEMA, Healthy, Paused, Phase, Promoting, Record
from bluegreen.spec import Rollout

_DEPTH_MAX: Final = 150
"""Manifests and measurements are bounded further below."""

if TYPE_CHECKING:
    from cattrs import Converter


def dump_record(record: Record) -> str:
    """The record as compact JSON; fields that have their default value are left out."""
    return _dump(record)


def load_record(text: str) -> Record:
    """The record that `dump_record` wrote. Raises `RecordFromTheFuture` or `RecordDamaged`."""
    data = _parse(text, "record")
    schema = data.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise RecordFromTheFuture(
            f"the record has schema {schema!r} and this version knows {SCHEMA}: upgrade bluegreen; nothing was done"
        )
    record: Record = _structure(data, Record, "record")
    if wrong := _contradiction(record):
        raise RecordDamaged(f"the stored record contradicts itself: {wrong}")
    return record


def dump_rollout(rollout: Rollout) -> str:
    """The rollout as compact JSON. Gates written in Python are kept by name only."""
    data = _converter().unstructure(evolve(rollout, gates=()))
    data["gates"] = [gate.name for gate in rollout.gates]
    return json.dumps(data, separators=(",", ":"), sort_keys=True)


def load_rollout(text: str, gates: Sequence[Gate] = ()) -> Rollout:
    """The rollout that `dump_rollout` wrote, with its own gates taken from `gates` by name.

    Raises `RecordDamaged` when a gate it needs is not there: a gate that is not known is never skipped.
    """
    data = _parse(text, "applied rollout")
    known = {gate.name: gate for gate in gates}
    names = data.pop("gates", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RecordDamaged("the stored applied rollout does not fit: its gates are no list of names @ $.gates")
    missing = [name for name in names if name not in known]
    if missing:
        raise RecordDamaged(
            f"the applied rollout has gates of its own that this program does not: {', '.join(missing)}; "
            "drive it with the program that defines them, or apply it again without them"
        )
    rollout: Rollout = _structure(data, Rollout, "applied rollout")
    return evolve(rollout, gates=tuple(known[name] for name in names))


def _contradiction(record: Record) -> str:
    """What of it cannot be together; empty when there is nothing. The rules rely on it."""
    phase = type(record.phase).__name__
    if isinstance(record.phase, Paused | Promoting | Healthy) and record.current is None:
        return f"it is {phase}, and no revision is the current one"
    if isinstance(record.phase, Healthy) and record.stable is None:
        return f"it is {phase}, and no revision is the stable one"
    return ""


def _dump(value: object) -> str:
    return json.dumps(_converter().unstructure(value), separators=(",", ":"), sort_keys=True)


def _parse(text: str, what: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordDamaged(f"the stored {what} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise RecordDamaged(f"the stored {what} is not a JSON object")
    if _deeper(data, _DEPTH_MAX):
        raise RecordDamaged(f"the stored {what} is nested deeper than {_DEPTH_MAX} levels")
    return cast(dict[str, Any], data)


def _deeper(value: Any, levels: int) -> bool:
    """Whether there are more levels than these inside: what is written again has to be read again, too."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return bool(inner) and (levels == 0 or any(_deeper(one, levels - 1) for one in inner))


def _structure(data: dict[str, Any], cls: type[Any], what: str) -> Any:
    from cattrs import transform_error

    try:
        return _converter().structure(data, cls)
    except Exception as error:
        places = "; ".join(transform_error(error)[:3])
        raise RecordDamaged(f"the stored {what} does not fit: {places}") from error


@cache
def _converter() -> Converter:
    """Built on first use: cattrs takes as long to import as all the rest of the library."""
    from cattrs import Converter
    from cattrs.strategies import configure_tagged_union

    converter = Converter(omit_if_default=True, forbid_extra_keys=True)
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    converter.register_structure_hook(datetime, lambda text, _: _moment(text))
    resolve_types(Rollout, localns={"Gate": Gate})  # the name is known only to type checkers where Rollout is defined
    _make_strict(converter)
    converter.register_structure_hook_func(lambda cls: cls == tuple[Gate, ...], lambda _value, _cls: ())
    converter.register_structure_hook_func(lambda cls: cls == int | str, lambda value, _cls: _of(value, int, str))
    configure_tagged_union(Phase, converter, tag_name="phase")
    return converter


def _make_strict(converter: Converter) -> None:
    """cattrs takes "7" for 7, "no" for true and a text for a list of its letters: here each is a wrong type."""
    from cattrs.cols import homogenous_tuple_structure_factory
    from cattrs.gen import make_dict_structure_fn

    def object_of(cls: Any) -> Callable[[Any, Any], Any]:
        hook = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)
        return lambda value, _: hook(_of(value, dict), cls)

    def list_of(cls: Any) -> Callable[[Any, Any], Any]:
        hook = homogenous_tuple_structure_factory(cls, converter)
        return lambda value, _: hook(_of(value, list), cls)

    converter.register_structure_hook_factory(has, object_of)
    converter.register_structure_hook_factory(_is_tuple, list_of)
    for kind in (int, str, bool):
        converter.register_structure_hook(kind, _of)
    converter.register_structure_hook(StrEnum, lambda value, cls: cls(value))  # else it would pass for a plain text
    converter.register_structure_hook(float, lambda value, _: _finite(_of(value, int, float)))


def _is_tuple(cls: Any) -> bool:
    return get_origin(cls) is tuple


def _of(value: Any, *kinds: type) -> Any:
    """The value, when it is of one of these kinds; true and false are no numbers."""
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ValueError(f"{' or '.join(kind.__name__ for kind in kinds)} is due")
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("the number is not finite")
    return float(value)


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment
