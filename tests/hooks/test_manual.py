"""The page about hooks: its manifest is one, and its program runs as printed."""

import asyncio
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from bluegreen import load
from bluegreen.backends import local
from bluegreen.gates import HookGate
from tests.cli.conftest import hurry, manifest
from tests.cli.support import ROOT, Manifest

__all__ = ["manifest"]

PAGE = (ROOT / "docs" / "hooks.md").read_text()


def fenced(kind: str) -> str:
    """The only example of this kind on the page."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_manifest_in_the_manual_is_one(manifest: Manifest) -> None:
    declared = load(manifest.write(policy=yaml.safe_load(fenced("yaml"))["spec"]))
    gates = [HookGate(hook) for hook in declared.policy.hooks]
    assert [(gate.name, gate.deadline_seconds) for gate in gates] == [
        ("beforePreview/migrate", 900),
        ("beforePromotion/change-ticket", 600),
    ]


@pytest.mark.real
@pytest.mark.timeout(120)
def test_the_program_in_the_manual_runs_as_printed(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    hook = {"name": "migrate", "command": ["sh", "-c", "echo ran >> ran"]}
    assert manifest.write(policy={"hooks": {"beforePreview": [hook]}}) == str(tmp_path / "shop.yaml")
    try:
        exec(compile(fenced("python"), "docs/hooks.md", "exec"), {"__name__": "__main__"})
    finally:
        hurry(local.place("state", "shop"))
        asyncio.run(local.delete("state", "shop"))
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
    assert capsys.readouterr().out.startswith("Healthy(revision=")
    assert (tmp_path / "ran").read_text() == "ran\n"
