"""Searches a rollout of two layers from the command line, and prints what it finds.

python -m bluegreen.testing.explorer                  a million states, shared among three beginnings
python -m bluegreen.testing.explorer --diagram        writes the phase diagram into the docs

The rollout has a gate before its promotion and one after, and a person may abort it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bluegreen.gates import Stage
from bluegreen.spec import BlueGreen, Rollout, RolloutPolicy, RouterSpec
from bluegreen.testing.explorer.check import Check
from bluegreen.testing.explorer.diagram import redrawn
from bluegreen.testing.explorer.scope import BEGINS, COMMANDS, Scope
from bluegreen.testing.explorer.search import Explored, Progress, Search

PAGE = Path("docs/how-it-decides.md")
CHECKS = (Check("before"), Check("after", Stage.POST_PROMOTION))
FAULTS = {"crashes": 1, "refusals": 1, "given-up": 1, "blind": 1, "outsiders": 1, "pod-failures": 1}


def two_layers(replicas: int = 1, gates: tuple[Check, ...] = ()) -> Rollout:
    """A rollout on two layers; its delays are half a minute and a minute, so that few ages have to be told apart."""
    strategy = BlueGreen(active_service="shop", scale_down_delay_seconds=30, abort_scale_down_delay_seconds=30)
    layers = (RouterSpec(name="edge"), RouterSpec(name="mesh"))
    policy = RolloutPolicy(routers=layers, layer_deadline_seconds=60, settle_seconds=0, drain_min_seconds=0)
    return Rollout("shop", strategy, replicas=replicas, progress_deadline_seconds=60, policy=policy, gates=gates)


def main(arguments: list[str] | None = None) -> int:
    """Runs it. 1 when a promise is broken, and the way there is printed; else 0."""
    options = _options(arguments)
    if options.diagram:
        options.diagram.write_text(redrawn(options.diagram.read_text()))
        return 0
    return 1 if any(found.violation for found in searched(options)) else 0


def searched(options: argparse.Namespace) -> list[Explored]:
    """A search for each beginning, the last first: it is the smallest, and what it leaves over the others get."""
    all_found: list[Explored] = []
    left, begins = options.states, [one for one in reversed(BEGINS) if options.begins in (one, "all")]
    for number, one in enumerate(begins):
        limit = left and -(-left // (len(begins) - number))
        scope = Scope(
            two_layers(options.replicas, CHECKS),
            engines=options.engines,
            crashes=options.crashes,
            refusals=options.refusals,
            given_up=options.given_up,
            blind=options.blind,
            outsiders=options.outsiders,
            pod_failures=options.pod_failures,
            commands=tuple(options.commands),
            begins=one,
        )
        found = Search(scope).run(limit or None, options.seconds and options.seconds / len(begins), _tell)
        all_found.append(found)
        left = left and max(1, left - found.states)
        _say(f"{one + ':':<10} {_summary([found])}")
        if found.violation:
            _say(found.violation.script())
            return all_found
    for line in _met(all_found):
        _say(line)
    _say(f"{'in all:':<10} {_summary(all_found)}")
    return all_found


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bluegreen.testing.explorer", description="every interleaving")
    parser.add_argument("--states", type=int, default=1_000_000, help="end after so many; 0: when all were seen")
    parser.add_argument("--seconds", type=float, help="end after so long")
    for name, default in {"engines": 2, "replicas": 1, **FAULTS}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--commands", nargs="*", choices=COMMANDS, default=["abort"], help="by people, once each")
    parser.add_argument("--begins", choices=(*BEGINS, "all"), default="all", help="where the search begins")
    parser.add_argument("--diagram", nargs="?", type=Path, const=PAGE, help="write the phase diagram into this page")
    return parser.parse_args(arguments)


def _tell(progress: Progress) -> None:
    rate = progress.states / max(progress.seconds, 0.001)
    _say(
        f"{progress.states:>10,} states, {progress.done:>10,} of them gone on from, {progress.worlds:>8,} worlds,"
        f" depth {progress.depth:>3}, {progress.seconds:6.1f} s, {rate:,.0f} states/s"
    )


def _met(all_found: Iterable[Explored]) -> list[str]:
    """What was really gone through, over all searches; a 0 says of what they say nothing."""
    met = Counter[str]()
    for found in all_found:
        met.update(found.exercised)  # a 0 is kept
    return [f"  {name:<46} {count:>9,}" for name, count in met.items()]


def _summary(all_found: list[Explored]) -> str:
    verdict = "a promise is broken" if any(one.violation for one in all_found) else "no violation"
    ending = "all of them" if all(one.complete for one in all_found) else "and there are more"
    states, worlds, decisions = (
        sum(getattr(one, name) for one in all_found) for name in ("states", "worlds", "decisions")
    )
    return (
        f"{states:,} states ({ending}), {worlds:,} worlds, {decisions:,} decisions,"
        f" depth {max(one.depth for one in all_found)}, {sum(one.seconds for one in all_found):.1f} s: {verdict}"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
