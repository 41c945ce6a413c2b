"""What a breach of a rule is."""

from __future__ import annotations


class Violation(AssertionError):
    """An adapter breaks a rule. The message names the rule, what was asked, and what came of it."""
