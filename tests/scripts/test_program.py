"""The program that plays scripts, and the page about them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bluegreen.testing import scripts
from bluegreen.testing.scripts.__main__ import main
from bluegreen.testing.scripts.declaring import scene
from bluegreen.testing.scripts.grammar import FORMS, understood
from bluegreen.testing.scripts.reading import read

pytestmark = pytest.mark.property

ROOT = Path(__file__).parent.parent.parent
TRACE = ROOT / "tests" / "traces" / "an_undo_inside_the_window_goes_back_without_asking_anybody.txt"
PAGE = (ROOT / "docs" / "traces.md").read_text()


def fenced(kind: str) -> str:
    """What stands in the page's only fence of this kind."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A script of which one line is not what happens."""
    path = tmp_path / "wrong.txt"
    path.write_text(TRACE.read_text().replace("0:35  Healthy v1", "0:36  Healthy v1"))
    return path


def test_a_script_that_is_right_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(TRACE)]) == 0
    assert capsys.readouterr().out == ""


def test_a_difference_is_shown_and_nothing_is_written(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = wrong.read_text()
    assert main([str(wrong)]) == 1
    output = capsys.readouterr().out
    assert "-  0:36  Healthy v1\n+  0:35  Healthy v1\n" in output
    assert wrong.read_text() == before


def test_rewriting_prints_what_changed_and_writes_it(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rewrite", str(wrong)]) == 0
    assert "+  0:35  Healthy v1" in capsys.readouterr().out
    assert wrong.read_text() == TRACE.read_text()


def test_what_cannot_be_played_is_left_alone_and_the_others_are_played(
    wrong: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.txt"
    broken.write_text("> promte\n")
    assert main(["--rewrite", str(broken), str(tmp_path / "none.txt"), str(wrong)]) == 2
    assert f"{broken}:1: 'promte' is no command" in capsys.readouterr().err
    assert broken.read_text() == "> promte\n"
    assert wrong.read_text() == TRACE.read_text()


def test_check_says_how_to_accept_what_differs(wrong: Path) -> None:
    with pytest.raises(scripts.Differs, match=f"python -m bluegreen.testing.scripts --rewrite {wrong}"):
        scripts.check(wrong)


def test_the_page_s_script_does_what_the_page_says(tmp_path: Path) -> None:
    script = read(tmp_path / "bad-build.txt", fenced("text"))
    played = scripts.play(script)
    assert "Degraded v2 (GateFailed)" in played
    assert played.rstrip().endswith("the eight invariants hold")


def test_the_page_s_test_runs_as_printed(tmp_path: Path) -> None:
    (tmp_path / "traces").mkdir()
    shutil.copy(TRACE, tmp_path / "traces")
    (tmp_path / "test_rollout.py").write_text(fenced("python"))
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_rollout.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr


def test_every_command_that_the_page_names_is_understood() -> None:
    table = PAGE.partition("## Commands")[2].partition("## Engines that are stepped")[0]
    named = [one for row in table.splitlines() if row.startswith("| ") for one in re.findall(r"`([^`]+)`", row)]
    bare = {"ms", "s", "m", "h", "d", "nothing", "everything", "a stranger", "workloads", "records"}
    commands = [one.replace("GATE", "sign-off") for one in named if one not in bare]
    assert len(commands) > 40
    settings = "rollout: layers edge service\nprePromotionAnalysis: errors < 1\nhook: migrate onAbort\n"
    script = read(Path("page.txt"), settings + "".join(f"> {one}\n" for one in commands))
    understood(script, scene(script).rollout)


def test_the_page_names_every_kind_of_command() -> None:
    rows = [one for row in PAGE.splitlines() if row.startswith("| ") for one in re.findall(r"`([^`]+)`", row)]
    steps = [line.strip().removeprefix("> ") for line in PAGE.splitlines() if line.startswith("    > ")]
    begins = {form.usage.partition("{")[0] for form in FORMS}
    begins |= {form.usage.partition("} ")[2].partition("{")[0] for form in FORMS if form.usage.startswith("{")}
    assert [one for one in begins if not any(one.strip() in said for said in (*rows, *steps))] == []
