"""The record and the rollout as JSON, and back.

Reading is strict: an unknown field or a wrong type is `RecordDamaged`, a newer schema `RecordFromTheFuture`. Both
mean that nothing is done, rather than something half understood.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve, resolve_types

from bluegreen.errors import RecordDamaged, RecordFromTheFuture
from bluegreen.gates import Gate
from bluegreen.record import SCHEMA, Phase, Record
from bluegreen.spec import Rollout

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
    missing = [name for name in names if name not in known]
    if missing:
        raise RecordDamaged(
            f"the applied rollout has gates of its own that this program does not: {', '.join(missing)}; "
            "drive it with the program that defines them, or apply it again without them"
        )
    rollout: Rollout = _structure(data, Rollout, "applied rollout")
    return evolve(rollout, gates=tuple(known[name] for name in names))


def _dump(value: object) -> str:
    return json.dumps(_converter().unstructure(value), separators=(",", ":"), sort_keys=True)


def _parse(text: str, what: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise RecordDamaged(f"the stored {what} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise RecordDamaged(f"the stored {what} is not a JSON object")
    return cast(dict[str, Any], data)


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
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    resolve_types(Rollout, localns={"Gate": Gate})  # the name is known only to type checkers where Rollout is defined
    converter.register_structure_hook_func(lambda cls: cls == tuple[Gate, ...], lambda _value, _cls: ())
    converter.register_structure_hook_func(lambda cls: cls == int | str, lambda value, _cls: value)
    configure_tagged_union(Phase, converter, tag_name="phase")
    return converter
