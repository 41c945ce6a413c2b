"""Adapters that are found by their entry points: one class, and one line of packaging."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from bluegreen.errors import BluegreenError

METRICS = "bluegreen.metrics"
"""The entry points of metric providers; their names are the words under `provider` in a manifest."""


class NoSuchPlugin(BluegreenError, LookupError):
    """Nothing of this name is installed, or it could not be imported; the message says what there is."""


def installed(group: str) -> tuple[str, ...]:
    """The names that are installed, sorted."""
    return tuple(sorted({one.name for one in entry_points(group=group)}))


def find(group: str, name: str) -> Any:
    """What is installed under this name. Raises `NoSuchPlugin`."""
    for one in entry_points(group=group, name=name):
        try:
            return one.load()
        except Exception as error:
            raise NoSuchPlugin(f"{name} is installed, and cannot be imported: {error}") from error
    raise NoSuchPlugin(f"there is no {name}; there are: {', '.join(installed(group)) or 'none'}")
