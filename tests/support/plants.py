"""Planting bugs: functions of the rules replaced wherever they were imported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from bluegreen import commands

_DECIDE = importlib.import_module("bluegreen.decide")  # the name itself is the function's, in the package above
_PARTS = [importlib.import_module(f"bluegreen.decide.{one.name}") for one in pkgutil.iter_modules(_DECIDE.__path__)]
MODULES = [commands, _DECIDE, *_PARTS]


@contextmanager
def plant(name: str, broken: Callable[..., Any]) -> Generator[None]:
    """Replaces one function of the rules ("traffic.point", "commands.failed"); `broken` gets the original first."""
    module_name, function = name.split(".")
    original = getattr(next(one for one in MODULES if one.__name__.endswith(module_name)), function)

    def replacement(*args: Any, **options: Any) -> Any:
        return broken(original, *args, **options)

    with ExitStack() as stack:
        for module in MODULES:
            if getattr(module, function, None) is original:
                stack.enter_context(patch.object(module, function, replacement))
        yield
