"""`python -m tests.mutants [--jobs N] [NAME...]`: plants each bug, or those named, and shows which test notices it.

Without names it begins with no bug at all: tests that fail anyway would notice everything. Ends with 1 when a bug
survives, or when the tests fail without one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

from tests.mutants.bugs import Bug, all_bugs
from tests.mutants.sandbox import Verdict, examine


def main(arguments: list[str]) -> int:
    """Examines the bugs, prints a line for each as it is done, then the table; what the command ends with."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Shows which test notices each bug.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a bug's name, or a part of it")
    parser.add_argument("--jobs", type=int, default=1, help="so many at a time (default 1)")
    options = parser.parse_args(arguments)
    bugs = chosen(all_bugs(), options.names)
    if not bugs:
        parser.error(f"no planted bug is called {' or '.join(options.names)}")
    start = time.monotonic()
    verdicts = examined(bugs if options.names else [None, *bugs], options.jobs)
    print()
    print("\n".join(table([one for one in verdicts if one.bug])))
    failing = [one.test for one in verdicts if one.bug is None and one.test]
    survivors = [one for one in verdicts if one.bug and not one.test]
    print(f"\n{len(bugs) - len(survivors)} of {len(bugs)} planted bugs noticed, in {time.monotonic() - start:.0f} s")
    if failing:
        print(f"but the tests fail with no bug planted, so this says nothing: {failing[0]}")
    return 1 if survivors or failing else 0


def chosen(bugs: Iterable[Bug], names: list[str]) -> list[Bug]:
    """The bugs whose area and name have one of these in them; all when nothing is named."""
    return [bug for bug in bugs if not names or any(name in f"{bug.area}/{bug.name}" for name in names)]


def examined(bugs: list[Bug | None] | list[Bug], jobs: int) -> list[Verdict]:
    """What becomes of each bug, in their order; a line is printed as soon as one is known."""
    with ThreadPoolExecutor(max_workers=max(jobs, 1)) as pool:
        places = {pool.submit(examine, bug): place for place, bug in enumerate(bugs)}
        found: dict[int, Verdict] = {}
        try:
            for done in as_completed(places):
                verdict = found[places[done]] = done.result()
                name = f"{verdict.bug.area}/{verdict.bug.name}" if verdict.bug else "(no bug at all)"
                print(f"{len(found):3}/{len(bugs)} {verdict.seconds:5.1f} s  {name}: {_said(verdict)}", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [found[place] for place in range(len(bugs))]


def table(verdicts: Iterable[Verdict]) -> list[str]:
    """A line for each bug: its name, its files, the test that noticed it, the seconds; survivors last."""
    rows = [("bug", "in", "noticed by", "seconds")]
    for one in sorted(verdicts, key=lambda one: one.test is None):
        if one.bug:
            files = ", ".join(file.removeprefix("bluegreen/") for file in one.bug.files())
            rows.append((one.bug.name, files, _said(one), f"{one.seconds:.1f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows]


def _said(verdict: Verdict) -> str:
    if verdict.bug is None:
        return f"FAILS: {verdict.test}" if verdict.test else "all tests pass"
    return verdict.test.removeprefix("tests/") if verdict.test else "SURVIVES"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
