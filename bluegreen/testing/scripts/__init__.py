"""Trace scripts: what happens to a rollout, as prose that is played.

    # A bad build is aborted before anybody sees it.
    rollout: replicas 2, autoPromotionEnabled false

    > apply v2
      0:00  Progressing v2: v2 is becoming available
    > tick 5s
      ...
    > check
      9:05  the eight invariants hold

What stands behind `> ` is done, by the real engine in virtual time; what is indented below is all that changes then, in
words, whole and exact. `python -m bluegreen.testing.scripts FILES` plays scripts, and writes the output with
`--rewrite`; `check` is for a test of one's own. `grammar.FORMS` is the whole language.
"""

from __future__ import annotations

from bluegreen.testing.scripts.playing import Differs, check, difference, play
from bluegreen.testing.scripts.reading import Script, ScriptError, read

__all__ = ["Differs", "Script", "ScriptError", "check", "difference", "play", "read"]
