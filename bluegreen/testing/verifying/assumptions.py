"""What verifying takes for granted about builds, people and machines. Each has a default; each may be set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import evolve, field, fields, frozen

from bluegreen.manifests import UnitError, duration_s
from bluegreen.testing.verifying.words import span

NEVER: Final = "never"


@frozen
class Assumptions:
    """Times are in seconds. `promote_s` None: nobody comes to promote; `capacity` None: it is not known."""

    ready_s: float = field(default=30.0, metadata={"says": "a replica is available so long after it was started"})
    detect_s: float = field(default=30.0, metadata={"says": "a bad build shows in metrics so long after it is live"})
    promote_s: float | None = field(
        default=300.0, metadata={"says": "a person promotes what has waited so long for one (or: never)"}
    )
    react_s: float = field(
        default=300.0, metadata={"says": "a person aborts so long after a bad build shows, where nothing else does"}
    )
    measure_s: float = field(default=1.0, metadata={"says": "one measurement takes so long; a load, its duration"})
    converge_s: float = field(default=1.0, metadata={"says": "a layer follows a write after so long"})
    restart_s: float = field(default=30.0, metadata={"says": "an engine that died is back after so long"})
    away_s: float = field(default=60.0, metadata={"says": "a part that fails is out of reach for so long"})
    patience_s: float = field(default=3600.0, metadata={"says": "what holds a release for longer counts as for ever"})
    capacity: float | None = field(
        default=None, metadata={"says": "requests per second that one replica can answer (default: not known)"}
    )

    @staticmethod
    def of(*texts: str) -> Assumptions:
        """The defaults, but for what texts like `ready=60s,detect=2m` say. Raises `ValueError`, in words."""
        assumptions = Assumptions()
        for name, value in _pairs(texts):
            changed: dict[str, Any] = {_attribute(name): _value(name, value)}
            assumptions = evolve(assumptions, **changed)
        return assumptions

    def rows(self) -> list[tuple[str, str, str]]:
        """Each assumption's name, its value as it is written, and what it means."""
        return [(name, self.written(name), said) for name, said in _SAYS.items()]

    def written(self, name: str) -> str:
        """The value of one, as `of` reads it; `unknown` for a capacity that is not known."""
        value = getattr(self, _attribute(name))
        if name == "capacity":
            return "unknown" if value is None else f"{value:g}"
        return NEVER if value is None else span(value, exactly=True)

    @property
    def flags(self) -> str:
        """What the command line is given to assume the same, with a leading blank; empty for the defaults."""
        usual = Assumptions()
        other = [f"{name}={self.written(name)}" for name in _SAYS if self.written(name) != usual.written(name)]
        return f" --assume {','.join(other)}" if other else ""


_SAYS: Final = {one.name.removesuffix("_s"): str(one.metadata["says"]) for one in fields(Assumptions)}


def _attribute(name: str) -> str:
    return name if name == "capacity" else f"{name}_s"


def _pairs(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for text in ",".join(texts).split(","):
        name, sign, value = text.strip().partition("=")
        if not text.strip():
            continue
        if name not in _SAYS:
            raise ValueError(f"nothing is assumed about {name!r}; there are: {', '.join(_SAYS)}")
        if not sign or not value:
            raise ValueError(f"{name} needs a value: write {name}=60s" if name != "capacity" else "write capacity=50")
        yield name, value


def _value(name: str, value: str) -> float | None:
    if name == "promote" and value == NEVER:
        return None
    try:
        found = _number(value) if name == "capacity" else duration_s(value)
    except UnitError as error:
        raise ValueError(f"{name}: {error}; {error.remedy}") from error
    if found < 0 or (found == 0 and name in ("capacity", "patience", "away")):
        raise ValueError(f"{name}: {value} is too small")
    if name != "capacity" and found > LONGEST_S:
        raise ValueError(f"{name}: {value} is too long; the most is {span(LONGEST_S, exactly=True)}")
    return found


LONGEST_S: Final = 24 * 3600.0
"""Virtual time passes quickly, and still passes."""


def _number(value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        raise ValueError(f"capacity: {value} is no number; write capacity=50, requests per second") from None
    if not found < float("inf"):
        raise ValueError(f"capacity: {value} is no number that helps; write capacity=50, requests per second")
    return found
