"""Soaks from the command line: random runs on every core, and what they find.

python -m bluegreen.testing.soak --seconds 600        for so long
python -m bluegreen.testing.soak --runs 10000         so many runs
python -m bluegreen.testing.soak --replay 1234        the one run of this seed, and what is wrong with it
"""

from __future__ import annotations

import argparse
import sys
import time

from bluegreen.testing.soak.running import Progress, soak
from bluegreen.testing.soak.scenario import Found, drawn, judged
from bluegreen.testing.soak.smaller import smaller
from bluegreen.testing.soak.telling import lines, story

TOLD_MAX = 5
"""So many of the runs that broke something are made smaller and told in full; of the others the seeds are."""


def main(arguments: list[str] | None = None) -> int:
    """Runs it. 1 when a promise is broken, and the way there is printed; else 0."""
    options = _options(arguments)
    if options.replay is not None:
        found = judged(drawn(options.replay))[1]
        if found is None:
            _say(*lines(drawn(options.replay)), "nothing is wrong with it")
        else:
            _tell(options.replay, found)
        return 1 if found else 0
    first = options.seed if options.seed is not None else int(time.time()) * 1_000_000
    runs = options.runs if options.runs or options.seconds else 1000
    done = soak(first, runs, options.seconds, options.processes, _progress)
    _say(_summary(done, first))
    for number, ran in enumerate(sorted(done.broken, key=lambda one: one.seed)):
        if ran.found is not None and number < TOLD_MAX:
            _tell(ran.seed, ran.found)
        elif ran.found is not None:
            _say(f"seed {ran.seed}: {ran.found.sentence}")
    return 1 if done.broken else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bluegreen.testing.soak", description="random runs, all faults")
    parser.add_argument("--seconds", type=float, help="begin no run after so long")
    parser.add_argument("--runs", type=int, help="so many runs (1000, unless --seconds is given)")
    parser.add_argument("--seed", type=int, help="the seed of the first run; each next one has the next")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", type=int, metavar="SEED", help="only this run, told in full")
    return parser.parse_args(arguments)


def _progress(now: Progress) -> None:
    _say(_figures(now) + (f", {len(now.broken)} of them broken" if now.broken else ""))


def _summary(done: Progress, first: int) -> str:
    verdict = f"{len(done.broken)} runs broke a promise" if done.broken else "no violation"
    return f"{_figures(done)}, {done.cpu_s:,.0f} s of CPU, seeds from {first}: {verdict}"


def _figures(now: Progress) -> str:
    rate = now.runs / max(now.seconds, 0.001)
    return f"{now.runs:>7,} runs, {now.virtual_s / 3600:>8,.0f} virtual hours, {now.seconds:6.1f} s, {rate:5.1f} runs/s"


def _tell(seed: int, found: Found) -> None:
    """What a run breaks, with as little as possible."""
    _say("", f"seed {seed}: {found.sentence}", "making it smaller...")
    scenario, broken = smaller(drawn(seed), found)
    _say(*lines(scenario), broken.sentence, *story(judged(scenario)[0], broken))


def _say(*told: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in told))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
