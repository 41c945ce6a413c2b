"""What `import bluegreen` costs, beside an empty interpreter and aiohttp."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 9


def _milliseconds(code: str) -> float:
    times: list[float] = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def main() -> None:
    """Prints medians over the empty interpreter's, and what was loaded that should not have been."""
    empty = _milliseconds("pass")
    other = _milliseconds("import aiohttp") - empty
    for code in ("import bluegreen", "from bluegreen import Engine"):
        over = _milliseconds(code) - empty
        print(f"{code}: {over:.0f} ms over an empty interpreter, {over / other:.2f} x aiohttp's {other:.0f} ms")
    heavy = "{'aiohttp', 'asyncio', 'celpy', 'yaml', 'bluegreen.backends'}"
    code = f"import bluegreen, sys; print(sorted({heavy} & set(sys.modules)) or 'nothing heavy')"
    print("loaded with it:", subprocess.check_output([sys.executable, "-c", code], text=True).strip())
