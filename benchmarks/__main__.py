"""`python -m benchmarks [NAME...]`: runs all of them, or those named, and prints a line for each figure."""

from __future__ import annotations

import sys

from benchmarks import analysis, conditions, decisions, imports, load, measuring, rollouts, switches

ALL = {
    "analysis": analysis.main,
    "conditions": conditions.main,
    "decisions": decisions.main,
    "imports": imports.main,
    "load": load.main,
    "measuring": measuring.main,
    "rollouts": rollouts.main,
    "switches": switches.main,
}


def main() -> None:
    """Runs the benchmarks that the command line names; all when it names none."""
    for name in sys.argv[1:] or list(ALL):
        if name not in ALL:
            sys.exit(f"no benchmark named {name!r}; there are: {', '.join(ALL)}")
        print(f"== {name}", flush=True)
        ALL[name]()


if __name__ == "__main__":
    main()
