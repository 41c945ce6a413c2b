"""`bluegreen verify` as it is typed: what it prints, where, and how it ends."""

import json

import pytest
from click.testing import CliRunner, Result

from bluegreen.cli.exits import Exit
from bluegreen.cli.verify import verify
from bluegreen.testing import verifying
from bluegreen.testing.verifying import Report
from tests.verifying.support import POLICIES, verified

pytestmark = [pytest.mark.property, pytest.mark.timeout(600)]

WRONG, WARNED = str(POLICIES / "no-way-back.yaml"), ("detect=4s", "react=0s")
"""A policy with one fault; and what has to be assumed for it to have none."""


def typed(*words: str) -> Result:
    """The verb in this very process."""
    return CliRunner().invoke(verify, words)


def test_it_prints_its_assumptions_first_then_the_worst_answer_and_ends_with_3() -> None:
    done = typed("-f", WRONG, "--processes", "1", "--assume", "ready=20s")
    assert done.exit_code == Exit.DEGRADED
    lines = done.stdout.splitlines()
    assert lines[0].startswith("It is assumed")
    assert lines[1].split()[0] == "ready=20s"
    first = next(line for line in lines if line.startswith(("FAULT", "WARNING", "ok")))
    assert first == "FAULT    Is what the way back needs retained?"
    replay = next(line for line in lines if "replay:" in line)
    assert replay.strip() == f"replay: bluegreen verify -f {WRONG} --assume ready=20s --scenario bad-after-30s"
    assert lines[-1].startswith("shop: 1 fault, ")


@pytest.fixture(scope="module")
def warned() -> Report:
    """The report that both of the next look at."""
    return verified("no-way-back", *WARNED)


@pytest.mark.parametrize(("strict", "code"), [((), Exit.OK), (("--strict",), Exit.DEGRADED)])
def test_warnings_alone_end_with_0_unless_they_are_to_count(
    strict: tuple[str, ...], code: Exit, warned: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "verify", lambda *_, **__: warned)
    done = typed("-f", WRONG, "--processes", "1", "--assume", ",".join(WARNED), "-o", "json", *strict)
    assert done.exit_code == code, done.output
    data = json.loads(done.stdout)  # the data alone: people's words are on standard error
    assert "It is assumed" in done.stderr
    (report,) = data["rollouts"]
    assert report["verdict"] == "warning"
    assert report["assumptions"]["detect"] == "4s"
    assert Report.from_data(report).data() == report


def test_a_scenario_is_played_moment_by_moment_and_always_the_same() -> None:
    done = typed("-f", WRONG, "--scenario", "bad-after-30s")
    assert done.exit_code == Exit.OK
    assert "shop, bad-after-30s: the new build is bad from 30s after it has live traffic on" in done.stdout
    assert "layer service is moving to next" in done.stdout
    assert typed("-f", WRONG, "--scenario", "bad-after-30s").stdout == done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--assume", "redy=60s"), "nothing is assumed about 'redy'; there are: ready, detect, promote"),
        (("--scenario", "sunny"), "there is no scenario 'sunny' for this rollout; there are: good, never-ready"),
    ],
)
def test_what_cannot_be_meant_ends_with_2_and_says_what_can(words: tuple[str, ...], said: str) -> None:
    done = typed("-f", WRONG, *words)
    assert done.exit_code == Exit.BAD_INPUT
    assert said in done.stderr


def test_a_manifest_that_cannot_be_used_ends_with_2() -> None:
    done = typed("-f", str(POLICIES.parent.parent / "manifests" / "bad" / "misspelt-field.yaml"))
    assert done.exit_code == Exit.BAD_INPUT
    assert "did you mean" in done.stderr
