"""What a RolloutPolicy says of metrics, beyond what Argo's templates can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from bluegreen.manifests.fields import At, Reader, choice, fields, fraction_s, integer, mapping
from bluegreen.spec import Comparison, Direction, OnNoData

_KEYS = {
    "onNoData": "on_no_data",
    "minSamples": "min_samples",
    "comparison": "comparison",
    "timeoutSeconds": "timeout_seconds",
    "errorBackoffSeconds": "error_backoff_seconds",
    "errorTotalSeconds": "error_total_seconds",
}


@frozen(eq=False)
class Extra:
    """What is said of one metric (`METRIC`), or of one of a template (`TEMPLATE/METRIC`), and where."""

    at: At
    fields: Mapping[str, Any]


Extras = Mapping[str, Extra]


def extras(at: At) -> dict[str, Extra]:
    """The `metrics` of a policy, by their keys. Raises `Unreadable` when this is no mapping."""
    return fields(at, dict.fromkeys(mapping(at), _extra))


def _extra(at: At) -> Extra:
    return Extra(at, fields(at, _EXTRA))


def together(several: Iterable[Extras]) -> Extras:
    """What several policies say; that two of them say different things of one metric is a problem."""
    found = dict[str, Extra]()
    for one in several:
        for key, extra in one.items():
            if found.setdefault(key, extra).fields != extra.fields:
                extra.at.complain("another policy says something else of this metric", "keep one of the two", key=True)
    return found


def extra_of(extras: Extras, template: str, metric: str) -> tuple[dict[str, Any], dict[str, At], list[str]]:
    """What is said of a metric: by its attributes' names; where each was said; and the keys that say it.

    What is said of it with its template's name goes before what is said without.
    """
    keys = [key for key in (metric, f"{template}/{metric}") if key in extras]
    said = {name: (value, extras[key].at.child(name)) for key in keys for name, value in extras[key].fields.items()}
    values = {_KEYS[name]: value for name, (value, _) in said.items()}
    return values, {name: at for name, (_, at) in said.items()}, keys


def _comparison(at: At) -> Comparison:
    return Comparison(**fields(at, {"direction": choice(Direction), "tolerance": _share, "confidence": _share}))


def _share(at: At) -> float:
    if isinstance(at.value, bool) or not isinstance(at.value, int | float):
        at.wrong("a number", "0.25 is a quarter" if at.path[-1] == "tolerance" else "0.98 is usual")
    return float(at.value)


_EXTRA: Mapping[str, Reader] = {
    "onNoData": choice(OnNoData),
    "minSamples": integer,
    "comparison": _comparison,
    "timeoutSeconds": fraction_s,
    "errorBackoffSeconds": fraction_s,
    "errorTotalSeconds": fraction_s,
}
