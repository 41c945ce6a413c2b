"""Patterns for `matches`: RE2's, whose time is linear in the text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2  # type: ignore[import-untyped]

_LENGTH_MAX: Final = 1000
_MEMORY_MAX: Final = 1 << 20


@lru_cache(maxsize=256)
def pattern(text: str) -> Any:
    """The pattern, ready to search. Raises `ValueError`, in words, for one that cannot be used."""
    if len(text) > _LENGTH_MAX:
        raise ValueError(f"it has {len(text)} characters, and the most is {_LENGTH_MAX}")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_MAX
    try:
        return re2.compile(text, options)
    except re2.error as error:
        raise ValueError(error.args[0].decode(errors="replace")) from None
