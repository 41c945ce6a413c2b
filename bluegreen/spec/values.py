"""The plain words that everything else is made of."""

from __future__ import annotations

from typing import Any, NewType, TypeAlias

RevisionId = NewType("RevisionId", str)
"""The name of one revision of the pod template, as the workloads adapter gives it (on Kubernetes the template's
hash)."""

JSON: TypeAlias = Any
"""A JSON value. Values inside a frozen object are never changed in place."""
