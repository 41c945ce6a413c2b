"""What holds for every test of this project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

@pytest.mark.real
def test_a_server_that_is_missing():
    pytest.skip("install it with apt")

@pytest.mark.real
@pytest.mark.skipif(True, reason="install it with pip")
def test_another_server_that_is_missing():
    pass

def test_nothing_real():
    pytest.skip("not here")
"""


@pytest.mark.parametrize(("ci", "failed"), [("true", ["apt", "pip"]), ("", [])])
def test_only_continuous_integration_fails_for_a_server_that_is_missing(
    tmp_path: Path, ci: str, failed: list[str]
) -> None:
    (tmp_path / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = real\n")
    (tmp_path / "test_it.py").write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {**os.environ, "CI": ci}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
    told = re.findall(r"^under CI=true nothing real is skipped: .*install it with (\w+)", ran.stdout, re.MULTILINE)
    assert (sorted(told), ran.returncode) == (failed, int(bool(failed))), ran.stdout
    assert f"{3 - len(failed)} skipped" in ran.stdout
