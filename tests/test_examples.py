"""Each example runs, as it is printed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> str:
    """What a program of ours prints, from the repository's root."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_promotion_moves_two_layers() -> None:
    first, then = run("-m", "examples.two_layers").splitlines()
    before, after = first.split()[1:], then.split()[1:]
    assert before[0] == before[1], "both layers show the first revision"
    assert after[0] == after[1], "both layers show the second"
    assert before != after
