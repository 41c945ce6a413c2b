"""What the tests of verifying share: policies, and what to look for in a report."""

from pathlib import Path

from attrs import evolve

from bluegreen.manifests import load_path
from bluegreen.spec import ProbeSpec, Rollout, RouterSpec
from bluegreen.testing.verifying import Answer, Assumptions, Report, verify

ROOT = Path(__file__).parent.parent.parent
POLICIES = Path(__file__).parent / "policies"
CAPACITY = "capacity=50"
TWO_LAYERS = "two-layers"
AS_WRITTEN, WITH_LOAD = "examples/article/as-written", "examples/article/with-load"


def rollout_of(name: str) -> Rollout:
    """A policy of this folder, or an example by its path."""
    if name == TWO_LAYERS:
        sound = load_path(POLICIES / "sound.yaml")
        layers = (RouterSpec(), RouterSpec("service", "edge", probe=ProbeSpec("http://127.0.0.1:9/healthz")))
        return evolve(sound, policy=evolve(sound.policy, routers=layers))
    return load_path(ROOT / name if "/" in name else POLICIES / f"{name}.yaml")


def verified(name: str, *assume: str) -> Report:
    """The report of a policy, made by this process alone."""
    return verify(rollout_of(name), Assumptions.of(*assume))


def answers(report: Report, question: str) -> list[Answer]:
    """The answers to a question, by words in it."""
    found = [one for one in report.answers if question in one.question]
    assert found, f"nobody asks {question!r}"
    return found


def named(report: Report, fault: str) -> Answer:
    """The answer that names this fault or warning."""
    return next(one for one in report.answers if one.fault == fault)
