"""Metric providers that ask nobody, so that tests of manifests depend on no real one."""

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint

import pytest

from bluegreen.errors import Problem
from bluegreen.plugins import METRICS
from bluegreen.spec import JSON


class Anything:
    """Understands every query."""


class Prometheus:
    """Understands what Prometheus does, as far as manifests need it."""

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """Complains of a query that is not there, and of a field that nobody knows."""
        missing = [Problem((key,), "missing", f"write {key}: ...") for key in ("address", "query") if key not in query]
        known = ("address", "query", "headers")
        return [*missing, *(Problem((key,), "unknown field", "remove it") for key in query if key not in known)]


class Command:
    """Has a condition of its own."""

    SUCCESS_CONDITION = "result.exitCode == 0"


class Load:
    """Takes its time."""

    @staticmethod
    def takes_s(query: Mapping[str, JSON]) -> float:
        """As many seconds as the query says."""
        return float(query.get("seconds", 0))


class Confused:
    """Cannot even say what is wrong, and has a condition that is none."""

    SUCCESS_CONDITION = "result >"

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """Fails when it is asked, or says of places that are not there."""
        if "path" in query:
            return [Problem(("path", 7, "x"), "here", ""), Problem(("path", "x"), "there", "")]
        raise RuntimeError("out of order")


_MADE = {"prometheus": "Prometheus", "web": "Anything", "command": "Command", "load": "Load", "confused": "Confused"}


def plug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes these, and `lost`, which cannot be imported, the only ones that are installed."""
    there = [EntryPoint(name, f"tests.manifests.plugged:{made}", METRICS) for name, made in _MADE.items()]
    there.append(EntryPoint("lost", "tests.manifests.nowhere:Lost", METRICS))

    def entry_points(*, group: str, name: str | None = None) -> list[EntryPoint]:
        return [one for one in there if one.group == group and name in (None, one.name)]

    monkeypatch.setattr("bluegreen.plugins.entry_points", entry_points)
