"""`simulate`: a release is played before it is one, the same for the same seed, for people and for programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bluegreen.cli.app import program
from bluegreen.cli.exits import Exit
from bluegreen.testing import invariants
from tests.cli.support import ROOT

MINIMAL = str(ROOT / "examples" / "minimal.yaml")


def typed(*words: str) -> Result:
    """The program in this very process."""
    return CliRunner().invoke(program, ["simulate", *words])


def test_it_prints_a_time_line_and_what_came_of_it() -> None:
    done = typed("-f", str(ROOT / "examples" / "article" / "as-written"), "--scenario", "bad-after-1m", "--seed", "7")
    assert done.exit_code == Exit.OK
    first, *_, end, live = done.stdout.splitlines()
    assert first.split() == ["time", "phase", "live", "traffic", "available", "why"]
    assert end.startswith("in the end: Degraded: gate postPromotionAnalysis said no: success-rate: 0.985 < 0.99")
    assert live == "next had live traffic for 1:32; taking it back took 0:00"


def test_the_same_seed_prints_the_same_bytes() -> None:
    said = {typed("-f", MINIMAL, "--scenario", "random", "--seed", seed).stdout for seed in ("3", "3", "4")}
    assert len(said) == 2


def test_a_program_gets_it_as_data() -> None:
    done = typed("-f", MINIMAL, "--scenario", "never-ready+abort-after-2m", "-o", "json")
    found = json.loads(done.stdout)
    assert (found["rollout"], found["scenario"], found["seed"]) == ("shop", "never-ready+abort-after-2m", 0)
    assert (found["phase"], found["promoted"], found["live_s"], found["violations"]) == ("Degraded", [], 0, [])
    assert {"at", "who", "phase", "live", "replicas", "why"} == found["rows"][0].keys()
    assert any(row["who"] == "a person" and row["at"] == 120 for row in found["rows"])


def test_every_scenario_is_listed_with_what_it_is() -> None:
    done = typed("-f", MINIMAL, "--scenario", "list")
    assert "bad-after-TIME           metrics get bad when it has had live traffic for so long" in done.stdout


def test_a_mistyped_scenario_is_a_bad_input() -> None:
    done = typed("-f", MINIMAL, "--scenario", "never-redy")
    assert done.exit_code == Exit.BAD_INPUT
    assert done.stderr == "there is no scenario 'never-redy'; did you mean never-ready? (TIME is 90s, 2m or 1h)\n"


def test_of_several_rollouts_one_has_to_be_named(tmp_path: Path) -> None:
    text = Path(MINIMAL).read_text()
    both = tmp_path / "both.yaml"
    both.write_text(text + "---\n" + text.replace("shop", "cart"))
    assert "declares shop, cart: name one of them with --name" in typed("-f", str(both)).stderr
    assert typed("-f", str(both), "--name", "cart").exit_code == Exit.OK


def test_a_broken_promise_ends_it_with_a_fault_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invariants, "violations", lambda _: iter(["Invariant 1 is broken"]))
    done = typed("-f", MINIMAL)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (Exit.INTERNAL, "Invariant 1 is broken")
