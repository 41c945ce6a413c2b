"""Conditions: CEL (and what Argo's users write), compiled and checked once, evaluated purely."""

from __future__ import annotations

from functools import lru_cache

from bluegreen.conditions.engine import CelEngine
from bluegreen.conditions.ports import ConditionEngine, ConditionError, Fault, Program

__all__ = ["VARIABLES", "CelEngine", "ConditionEngine", "ConditionError", "Fault", "Program", "compiled"]

VARIABLES = ("result", "labels")
"""What a condition may speak of: the measurement's result, and what its series are called."""


@lru_cache(maxsize=1024)
def compiled(source: str) -> Program:
    """The condition, checked and ready. Raises `ConditionError` for one that cannot be used."""
    return CelEngine().compile(source, VARIABLES)
