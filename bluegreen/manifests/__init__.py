"""The text form: YAML or JSON to whole rollouts; all that is wrong at once, each with its line and a remedy.

    load(text), load_path(path)    the one rollout
    load_all(path)                 all of them
    read(path), read_text(text)    all of them, and the warnings; `read` takes a backend's own check too
    read_analysis(path, args)      what the AnalysisTemplates of a file measure, for no rollout

Each raises `ManifestError` (a `SpecError`) and nothing else, whatever the input. A path is a file, or a folder whose
.yaml, .yml and .json files are read together. Read are Rollout (Argo's, or ours, which may carry its policy inline),
v1 Service, RolloutPolicy, AnalysisTemplate and ClusterAnalysisTemplate. A field that is unknown or that this version
cannot honour is an error; a document of another kind is a warning.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bluegreen.manifests.assemble import Loaded, assemble, assemble_analysis
from bluegreen.manifests.files import from_path, from_text
from bluegreen.manifests.match import Check
from bluegreen.manifests.report import ManifestError, ManifestProblem, Report
from bluegreen.manifests.units import UnitError, duration_s, int_or_string, quantity
from bluegreen.spec import Analysis, Rollout

__all__ = [
    "Check",
    "Loaded",
    "ManifestError",
    "ManifestProblem",
    "UnitError",
    "duration_s",
    "int_or_string",
    "load",
    "load_all",
    "load_path",
    "quantity",
    "read",
    "read_analysis",
    "read_text",
]


def load(text: str, source: str = "<text>") -> Rollout:
    """The one rollout that a text declares. `source` is the name that errors call it by."""
    return _from_text(text, source, several=False).rollouts[0]


def load_path(path: str | os.PathLike[str]) -> Rollout:
    """The one rollout that a file or a folder of files declares."""
    return _from_path(path, several=False).rollouts[0]


def load_all(path: str | os.PathLike[str]) -> list[Rollout]:
    """All the rollouts that a file or a folder of files declares, at least one."""
    return list(_from_path(path, several=True).rollouts)


def read(path: str | os.PathLike[str], *, check: Check | None = None) -> Loaded:
    """All the rollouts that a file or a folder of files declares, and the warnings.

    `check` is what a backend has to say of each, once nothing else is wrong: its findings have their places too.
    """
    return _from_path(path, several=True, check=check)


def read_text(text: str, source: str = "<text>") -> Loaded:
    """All the rollouts that a text declares, and the warnings."""
    return _from_text(text, source, several=True)


def read_analysis(path: str | os.PathLike[str], args: Mapping[str, str]) -> Analysis:
    """What the AnalysisTemplates of a file (or of a folder of files) measure together, for no rollout.

    `args` go before the templates' own values; one that no template has is an error, and so are one without a value and
    one that is a secret. An AnalysisRun is read as a template is, what a RolloutPolicy says of the metrics holds, and
    other documents are left alone.
    """
    report = Report()
    return assemble_analysis(os.fspath(path), from_path(Path(path), report), args, report)


def _from_text(text: str, name: str, *, several: bool) -> Loaded:
    report = Report()
    source = from_text(text, name, report)
    return assemble(name, [source] if source else [], report, several=several)


def _from_path(path: str | os.PathLike[str], *, several: bool, check: Check | None = None) -> Loaded:
    report = Report()
    return assemble(os.fspath(path), from_path(Path(path), report), report, several=several, check=check)
