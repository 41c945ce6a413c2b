"""`python -m bluegreen.testing.scripts [--rewrite] FILES`: plays trace scripts, and shows or accepts what differs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bluegreen.testing.scripts.playing import difference
from bluegreen.testing.scripts.reading import ScriptError


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every script's output is as written (or was rewritten), 1 when one differs, 2 when one cannot be
    played."""
    parser = argparse.ArgumentParser(prog="python -m bluegreen.testing.scripts", description="Plays trace scripts.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--rewrite", action="store_true", help="write the output into the files, and print what changed"
    )
    options = parser.parse_args(arguments)
    code = 0
    for path in options.files:
        try:
            played, differs = difference(path)
        except (ScriptError, OSError) as error:
            print(error, file=sys.stderr)  # noqa: T201 (a program)
            code = 2
            continue
        if differs:
            print(differs)  # noqa: T201 (a program)
            if options.rewrite:
                path.write_text(played)
            else:
                code = max(code, 1)
    return code


if __name__ == "__main__":
    sys.exit(main())
