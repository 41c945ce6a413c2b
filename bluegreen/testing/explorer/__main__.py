"""Searches a rollout of two layers from the command line, and prints what it finds.

python -m bluegreen.testing.explorer                  a million states; progress every few seconds
python -m bluegreen.testing.explorer --diagram        writes the phase diagram into the docs
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bluegreen.spec import BlueGreen, Rollout, RolloutPolicy, RouterSpec
from bluegreen.testing.explorer.diagram import redrawn
from bluegreen.testing.explorer.scope import BEGINS, COMMANDS, Scope
from bluegreen.testing.explorer.search import Explored, Progress, Search

PAGE = Path("docs/how-it-decides.md")


def two_layers(replicas: int = 1) -> Rollout:
    """A rollout on two layers; its delays are half a minute and a minute, so that few ages have to be told apart."""
    strategy = BlueGreen(active_service="shop", scale_down_delay_seconds=30, abort_scale_down_delay_seconds=30)
    layers = (RouterSpec(name="edge"), RouterSpec(name="mesh"))
    policy = RolloutPolicy(routers=layers, layer_deadline_seconds=60, settle_seconds=0, drain_min_seconds=0)
    return Rollout("shop", strategy, replicas=replicas, progress_deadline_seconds=60, policy=policy)


def main(arguments: list[str] | None = None) -> int:
    """Runs it. 1 when a promise is broken, and the way there is printed; else 0."""
    options = _options(arguments)
    if options.diagram:
        options.diagram.write_text(redrawn(options.diagram.read_text()))
        return 0
    scope = Scope(
        two_layers(options.replicas),
        engines=options.engines,
        crashes=options.crashes,
        refusals=options.refusals,
        blind=options.blind,
        outsiders=options.outsiders,
        pod_failures=options.pod_failures,
        commands=tuple(options.commands),
        begins=options.begins,
    )
    found = Search(scope).run(options.states or None, options.seconds, _tell)
    _say(_summary(found))
    if found.violation:
        _say(found.violation.script())
    return 1 if found.violation else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bluegreen.testing.explorer", description="every interleaving")
    parser.add_argument("--states", type=int, default=1_000_000, help="end after so many; 0: when all were seen")
    parser.add_argument("--seconds", type=float, help="end after so long")
    for name, default in (("engines", 2), ("replicas", 1), ("crashes", 1), ("refusals", 1), ("blind", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--outsiders", type=int, default=1)
    parser.add_argument("--pod-failures", type=int, default=0)
    parser.add_argument("--commands", nargs="*", choices=COMMANDS, default=[], help="what people may do, once each")
    parser.add_argument("--begins", choices=BEGINS, default=BEGINS[0], help="where the search begins")
    parser.add_argument("--diagram", nargs="?", type=Path, const=PAGE, help="write the phase diagram into this page")
    return parser.parse_args(arguments)


def _tell(progress: Progress) -> None:
    rate = progress.states / max(progress.seconds, 0.001)
    _say(
        f"{progress.states:>10,} states, {progress.done:>10,} of them gone on from, {progress.worlds:>8,} worlds,"
        f" depth {progress.depth:>3}, {progress.seconds:6.1f} s, {rate:,.0f} states/s"
    )


def _summary(found: Explored) -> str:
    verdict = "a promise is broken" if found.violation else "no violation"
    ending = "all of them" if found.complete else "and there are more"
    return (
        f"{found.states:,} states ({ending}), {found.worlds:,} worlds, {found.decisions:,} decisions,"
        f" depth {found.depth}, {found.seconds:.1f} s: {verdict}"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
