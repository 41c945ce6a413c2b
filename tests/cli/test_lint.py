"""What broken manifests are answered with at the command line, word for word; and that nothing is started by them."""

import importlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bluegreen.cli.app import program
from bluegreen.cli.exits import Exit
from tests.cli.support import ROOT, Cli, Manifest
from tests.manifests.plugged import plug

BAD = ROOT / "tests" / "manifests" / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.yaml"))


@pytest.fixture(autouse=True)
def a_machine_with_privileged_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may be root, or in a container without privileged ports."""
    checking = importlib.import_module("bluegreen.backends.local.check")  # the package has a function of that name
    monkeypatch.setattr(checking, "first_free_port", lambda: 1024)


def typed(*words: str) -> Result:
    """The program in this very process."""
    return CliRunner().invoke(program, words)


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_manifest_is_answered_in_these_words_and_starts_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(BAD)
    plug(monkeypatch)
    expected = (BAD / f"{name}.txt").read_text()
    linted = typed("lint", "-f", f"{name}.yaml")
    assert (linted.stdout, linted.exit_code) == (expected, Exit.BAD_INPUT)
    state_dir = tmp_path / "state"
    run = typed("run", "-f", f"{name}.yaml", "--state-dir", str(state_dir))
    assert (run.stdout, run.stderr, run.exit_code) == ("", expected, Exit.BAD_INPUT)
    assert not state_dir.exists()


def test_there_are_manifests_that_only_one_machine_refuses() -> None:
    assert len([name for name in NAMES if name.startswith("local-")]) >= 4


@pytest.mark.real
def test_the_real_program_says_the_same(cli: Cli) -> None:
    expected = (BAD / "misspelt-field.txt").read_text()
    assert cli("lint", "-f", "misspelt-field.yaml", cwd=BAD, code=Exit.BAD_INPUT).stdout == expected
    refused = cli("run", "-f", "misspelt-field.yaml", cwd=BAD, code=Exit.BAD_INPUT)
    assert (refused.stdout, refused.stderr) == ("", expected)
    assert not cli.state_dir.exists()


def test_a_good_manifest_passes_and_its_oddities_are_said_aside(manifest: Manifest) -> None:
    done = typed("lint", "-f", manifest.write(container={"resources": {"limits": {"cpu": 1}}}))
    assert (done.stdout, done.exit_code) == (f"{manifest.path}: shop: nothing is wrong\n", 0)
    assert "warning: " in done.stderr
    assert "resources: it tunes a cluster and is ignored on one machine" in done.stderr


def test_problems_can_be_had_as_data() -> None:
    done = typed("lint", "-f", str(BAD / "misspelt-field.yaml"), "-o", "json")
    assert '"line": 20' in done.stdout
    assert '"remedy": "did you mean autoPromotionEnabled?"' in done.stdout


def test_the_manifest_of_the_demo_is_a_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert typed("lint", "-f", "examples/demo/demo.yaml").exit_code == 0
