"""How much the property tests try, and what continuous integration does not let pass."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("BLUEGREEN_EXAMPLES", "0"))
IN_CI = os.environ.get("CI") == "true"

_ALWAYS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
settings.register_profile("short", _ALWAYS, max_examples=60)
settings.register_profile("ci", _ALWAYS, max_examples=60, derandomize=True)
settings.register_profile("long", _ALWAYS, max_examples=EXAMPLES or 1)
settings.load_profile("long" if EXAMPLES else "ci" if IN_CI else "short")
