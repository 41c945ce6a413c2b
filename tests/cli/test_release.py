"""Releases from the command line: real processes behind the real proxy, one command after the other."""

import json
import shlex
import signal
import socket
import time

import pytest
import yaml

from bluegreen.cli.exits import Exit
from tests.cli.support import Cli, Manifest, ask, eventually, read_until

pytestmark = pytest.mark.real
MANUAL = {"autoPromotionEnabled": False}


def phase(cli: Cli) -> str:
    """The rollout's phase now."""
    return str(json.loads(cli("get", "-o", "json").stdout)["phase"])


def test_a_first_release_says_where_it_works_and_ends_when_nothing_is_due(cli: Cli, manifest: Manifest) -> None:
    said = cli("run", "-f", manifest.write()).stdout
    assert said.splitlines()[0] == f"backend local, state directory {cli.state_dir}"
    assert "Healthy" in said.splitlines()[-1]
    assert "\x1b" not in said, "a pipe gets plain lines"
    assert manifest.live() == "shop:v1"


def test_a_release_that_waits_for_a_person_prints_the_very_command_that_goes_on(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write(strategy=MANUAL))
    paused = cli("run", "-f", manifest.write("shop:v2", strategy=MANUAL), code=Exit.PAUSED)
    assert (manifest.live(), ask(manifest.preview_port)) == ("shop:v1", "shop:v2")
    command = next(line for line in paused.stdout.splitlines() if line.startswith("to go on: "))
    words = shlex.split(command.removeprefix("to go on: bluegreen "))
    assert words[:2] == ["promote", "shop"]
    promoted = cli(*words)
    assert "nobody drives shop, so it is driven from here" in promoted.stdout
    assert manifest.live() == "shop:v2"
    view = json.loads(cli("get", "-o", "json").stdout)
    assert [one["replicas"] for one in view["revisions"]] == [1, 0], "the old revision is retired"
    assert [one["reasons"] for one in view["revisions"]] == [[], []], "its replicas are gone"


def test_until_ends_a_run_early_and_says_what_is_left(cli: Cli, manifest: Manifest) -> None:
    slow = {**MANUAL, "scaleDownDelaySeconds": 600}
    cli("run", "-f", manifest.write(strategy=slow))
    paused = cli("run", "-f", manifest.write("shop:v2", strategy=slow), "--until", "paused")
    assert "to go on: bluegreen promote shop" in paused.stdout
    automatic = {**slow, "autoPromotionEnabled": True}
    healthy = cli("run", "-f", manifest.write("shop:v2", strategy=automatic), "--until", "healthy").stdout
    assert f"bluegreen serve shop --state-dir {cli.state_dir} does, and retires it in time" in healthy
    assert manifest.live() == "shop:v2"


def test_an_abort_takes_traffic_back_and_a_retry_begins_again(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    cli("run", "-f", manifest.write("shop:v2", strategy={"scaleDownDelaySeconds": 600}), "--until", "promoted")
    assert manifest.live() == "shop:v2"
    cli("abort", "shop", "--why", "errors at the checkout")
    assert manifest.live() == "shop:v1"
    assert cli("status", code=Exit.DEGRADED).stdout.startswith("shop: Degraded (Aborted)")
    assert "errors at the checkout" in cli("history").stdout
    refused = cli("promote", code=Exit.BAD_INPUT)
    assert "retry starts a new attempt" in refused.stderr
    assert "Traceback" not in refused.stderr
    read_until(cli.start("retry"), "shop: Healthy")
    assert manifest.live() == "shop:v2"


def test_undo_set_image_pause_and_resume_change_the_declaration(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    cli("set", "image", "shop", "shop=shop:v2")
    assert manifest.live() == "shop:v2"
    cli("pause")
    cli("undo", code=Exit.PAUSED)
    assert manifest.live() == "shop:v2"
    assert "bluegreen resume shop" in cli("status", code=Exit.PAUSED).stdout
    cli("resume")
    assert manifest.live() == "shop:v1"
    assert "no container named 'web'" in cli("set", "image", "web=shop:v3", code=Exit.BAD_INPUT).stderr
    assert "no such revision" in cli("undo", "--to-revision", "9", code=Exit.BAD_INPUT).stderr


def test_a_build_that_never_gets_ready_is_degraded_or_out_of_time(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    dead = ["sh", "-c", "echo no such table; exit 3"]
    late = cli("run", "-f", manifest.write("shop:v2", command=dead), "--timeout", "1", code=Exit.TIMED_OUT)
    assert "not done in time" in late.stdout
    bad = manifest.write("shop:v2", command=dead, progressDeadlineSeconds=4)
    degraded = cli("run", "-f", bad, code=Exit.DEGRADED).stdout
    assert "ProgressDeadlineExceeded" in degraded
    assert "no such table" in degraded, "why it is not ready"
    assert "no such table" in cli("logs").stdout
    assert manifest.live() == "shop:v1"


def test_data_is_all_that_a_pipe_gets_and_no_secret_of_the_template_is_in_it(cli: Cli, manifest: Manifest) -> None:
    released = cli("run", "-f", manifest.write(), "-o", "json")
    assert json.loads(released.stdout)["phase"] == "Healthy"
    assert released.stderr.startswith("backend local, state directory")
    said = [released.stdout, released.stderr, cli("get").stdout]
    for words in (["get"], ["list"], ["status"], ["history"], ["pause"]):
        done = cli(*words, "-o", "json")
        assert json.loads(done.stdout), words
        said += [done.stdout, done.stderr]
    said.append(cli("get", "-o", "yaml").stdout)
    assert yaml.safe_load(said[-1])["layers"][0]["active"]
    assert "correct-horse" in manifest.path.read_text()
    assert not [one for one in said if "correct-horse" in one]


def test_a_run_that_is_stopped_says_how_to_go_on_and_another_does(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    slow = {"initialDelaySeconds": 3, "httpGet": {"path": "/healthz", "port": 8080}}
    later = manifest.write("shop:v2", container={"readinessProbe": slow})
    run = cli.start("run", "-f", later)
    read_until(run, "0 of 1 available")
    asked_at = time.monotonic()
    run.send_signal(signal.SIGTERM)
    said, _ = run.communicate(timeout=10)
    assert run.returncode == Exit.TERMINATED
    assert time.monotonic() - asked_at < 5
    assert f"bluegreen serve shop --state-dir {cli.state_dir} does" in said
    assert manifest.live() == "shop:v1"
    assert phase(cli) == "Progressing"
    cli("run", "-f", later)
    assert manifest.live() == "shop:v2"


def test_what_is_deleted_is_gone_with_all_its_processes(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    assert "say so with --yes" in cli("delete", "shop", code=Exit.BAD_INPUT).stderr
    assert manifest.live() == "shop:v1"
    cli("delete", "shop", "--yes")
    eventually(lambda: "refused" in manifest.live())
    assert list(cli.state_dir.iterdir()) == []
    assert "begin with bluegreen run" in cli("get", code=Exit.BAD_INPUT).stderr


def test_a_port_that_is_taken_starts_nothing(cli: Cli, manifest: Manifest) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", manifest.port))
        taken.listen()
        refused = cli("run", "-f", manifest.write(), code=Exit.BACKEND)
    assert "cannot listen on" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "nothing is declared of shop yet" in cli("get", "shop", code=Exit.BAD_INPUT).stderr
