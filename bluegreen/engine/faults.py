"""What an adapter's exception means to the engine: words for a person, and whether to try again."""

from __future__ import annotations


def words_of(error: Exception, limit_s: float) -> str:
    """The error in words; for one that took too long, the limit in seconds that it overran."""
    if isinstance(error, TimeoutError):
        return f"no answer within {limit_s:g} s"
    return str(error) or type(error).__name__


def is_permanent(error: Exception) -> bool:
    """Trying again is useless until a person acts. An exception that does not say so may pass."""
    return bool(getattr(error, "permanent", False))
