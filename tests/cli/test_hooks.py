"""Releases with hooks, analysis and secrets from the command line: what runs, what is shown, and what never is."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from bluegreen.cli.exits import Exit
from tests.cli.support import Cli, Manifest, ask, eventually, read_until

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
SECRET = "battery-staple-horse"
PATIENT = {"scaleDownDelaySeconds": 600}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A directory with one secret."""
    token = tmp_path / "secrets" / "db" / "token"
    token.parent.mkdir(parents=True)
    token.write_text(SECRET)
    token.chmod(0o600)
    return tmp_path / "secrets"


def hook(script: str, *, secret: bool = False, **more: Any) -> dict[str, Any]:
    """A program as a hook."""
    env = [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "db", "key": "token"}}}] if secret else []
    return {"name": "step", "command": ["sh", "-c", script], **({"env": env} if env else {}), **more}


def template(name: str, condition: str, manifest: Manifest, **metric: Any) -> dict[str, Any]:
    """An AnalysisTemplate that asks the preview for a page that is no JSON."""
    web = {"url": f"http://127.0.0.1:{manifest.preview_port}/", "timeoutSeconds": 5}
    one = {"name": "page", "successCondition": condition, "provider": {"web": web}, **metric}
    whole = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": name}}
    return {**whole, "spec": {"metrics": [one]}}


def everything_below(folder: Path) -> bytes:
    """All that is written there, in one."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_hook_runs_with_its_secret_which_is_written_nowhere(
    cli: Cli, manifest: Manifest, secrets: Path, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    said = f'echo "${{#TOKEN}} $BLUEGREEN_HOOK" >> {ran}'
    policy = {"hooks": {"beforePreview": [hook(f"{said}; echo I have $TOKEN >&2", secret=True)]}}
    file = manifest.write(policy=policy)
    refused = cli("run", "-f", file, code=Exit.BACKEND)
    assert "name a directory with --secrets" in refused.stderr
    assert not ran.exists()
    done = cli("run", "-f", file, "--secrets", str(secrets))
    assert ran.read_text() == f"{len(SECRET)} beforePreview/step\n"
    shown = cli("get").stdout
    assert "gate beforePreview/step  yes  done" in shown
    outputs = [done.stdout, done.stderr, shown, *(cli(one, "-o", "json").stdout for one in ("get", "history"))]
    assert "***" in outputs[3]
    assert not [one for one in outputs if SECRET in one]
    for log in cli.state_dir.rglob("output.log"):
        assert log.read_text() == f"I have {SECRET}\n", "what the program itself writes is its own affair"
        log.unlink()
    assert SECRET.encode() not in everything_below(cli.state_dir)


def test_a_driver_without_the_secret_says_so_and_minds_what_runs(cli: Cli, manifest: Manifest, secrets: Path) -> None:
    file = manifest.write(policy={"hooks": {"beforePreview": [hook("true", secret=True)]}})
    cli("run", "-f", file, "--secrets", str(secrets))
    serve = cli.start("serve")
    said = read_until(serve, "name a directory with --secrets")
    assert "shop needs the secret db/token" in said
    eventually(lambda: json.loads(cli("get", "-o", "json").stdout)["driver"] == serve.pid)
    cli("set", "image", "shop:v2")
    assert cli("status", "--timeout", "30", code=Exit.DEGRADED).stdout.count("nowhere to read them") == 1
    assert manifest.live() == "shop:v1"


def test_a_hook_that_fails_stops_the_release_and_is_told(cli: Cli, manifest: Manifest, tmp_path: Path) -> None:
    cli("run", "-f", manifest.write())
    told = tmp_path / "told"
    hooks = {
        "beforePromotion": [hook("echo no such table; exit 3")],
        "onAbort": [hook(f"echo $BLUEGREEN_HOOK >> {told}")],
    }
    failed = cli("run", "-f", manifest.write("shop:v2", policy={"hooks": hooks}), code=Exit.DEGRADED)
    assert "gate beforePromotion/step said no: exit code 3: no such table" in failed.stdout
    assert manifest.live() == "shop:v1"
    eventually(lambda: told.exists() and told.read_text() == "onAbort/step\n")


def test_an_analysis_is_shown_as_it_measures_and_a_person_says_what_follows(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    strategy = {"prePromotionAnalysis": {"templates": [{"templateName": "page"}]}}
    unsure = template("page", "result == 'shop:v3'", manifest, failureCondition="result == 'nothing'")
    file = manifest.write("shop:v2", strategy=strategy, more=[unsure])
    paused = cli("run", "-f", file, code=Exit.PAUSED).stdout
    assert "prePromotionAnalysis: page 1: Inconclusive: " in paused
    (again,) = [line for line in paused.splitlines() if line.startswith("to measure once more: ")]
    (on,) = [line for line in paused.splitlines() if line.startswith("to go on: ")]
    assert (manifest.live(), ask(manifest.preview_port)) == ("shop:v1", "shop:v2")
    cli(*again.split("bluegreen ")[1].split(), code=Exit.PAUSED)
    data = json.loads(cli("get", "-o", "json").stdout)
    (run,) = [gate["run"] for gate in data["gates"]]
    assert (run["name"], run["phase"]) == ("prePromotionAnalysis.1", "Inconclusive")
    cli(*on.split("bluegreen ")[1].split())
    assert manifest.live() == "shop:v2"
    history = json.loads(cli("history", "-o", "json").stdout)
    analyses = [row["what"] for row in history if "analysis" in row]
    assert analyses == [
        "Analysis prePromotionAnalysis: Inconclusive",
        "Analysis prePromotionAnalysis.1: Inconclusive",
    ]
    assert "came to no verdict" in cli("history").stdout or "page" in cli("history").stdout


def test_after_the_promotion_it_ends_where_only_a_person_can_go_on(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    strategy = {**PATIENT, "postPromotionAnalysis": {"templates": [{"templateName": "page"}]}}
    unsure = template("page", "result == 'shop:v3'", manifest, failureCondition="result == 'nothing'")
    file = manifest.write("shop:v2", strategy=strategy, more=[unsure], policy={"settleSeconds": 5})
    paused = cli("run", "-f", file, code=Exit.PAUSED).stdout
    assert manifest.live() == "shop:v2", "it has the traffic, and may be taken back"
    assert "shop: Promoting (InconclusiveAnalysisRun)" in paused
    (give_up,) = [line for line in paused.splitlines() if line.startswith("to give up: ")]
    assert "to give up: " in cli("status", code=Exit.PAUSED).stdout + paused
    cli(*give_up.split("bluegreen ")[1].split())
    assert manifest.live() == "shop:v1"


def test_deleting_a_rollout_stops_its_hooks(cli: Cli, manifest: Manifest, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    slow = hook(f"echo $$ > {pid}.new; mv {pid}.new {pid}; sleep 600")
    run = cli.start("run", "-f", manifest.write(policy={"hooks": {"beforePreview": [slow]}}))
    eventually(pid.exists)
    run.terminate()
    run.communicate(timeout=20)
    os.kill(int(pid.read_text()), 0)
    time.sleep(0.2)
    os.kill(int(pid.read_text()), 0)
    cli("delete", "shop", "--yes")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert list(cli.state_dir.iterdir()) == []


def test_a_hook_in_flight_is_taken_up_by_the_next_driver(cli: Cli, manifest: Manifest, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    file = manifest.write(policy={"hooks": {"beforePreview": [hook(f"echo ran >> {ran}; sleep 4")]}})
    run = cli.start("run", "-f", file)
    read_until(run, "beforePreview/step")
    eventually(ran.exists)
    run.kill()
    run.communicate(timeout=20)
    cli("run", "-f", file)
    assert ran.read_text() == "ran\n"
    assert manifest.live() == "shop:v1"
