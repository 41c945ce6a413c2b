"""A trace: what engines looked at, decided, saved and did, beside what was true of their world all the while."""

from __future__ import annotations

from bluegreen.testing.trace.answers import Promotion
from bluegreen.testing.trace.moments import Happening, Landed, Moment, TrueLayer, TrueRevision, Truth, Turn
from bluegreen.testing.trace.recording import Trace
from bluegreen.testing.trace.words import brief, words

__all__ = [
    "Happening",
    "Landed",
    "Moment",
    "Promotion",
    "Trace",
    "TrueLayer",
    "TrueRevision",
    "Truth",
    "Turn",
    "brief",
    "words",
]
