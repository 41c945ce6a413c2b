"""One driver a rollout: commands reach it, a second run follows it, and somebody takes over when it is gone."""

import json
import signal

import pytest

from bluegreen.backends import local
from bluegreen.cli.exits import Exit
from tests.cli.support import Cli, Manifest, ask, eventually, free_ports, read_until

pytestmark = pytest.mark.real
MANUAL = {"autoPromotionEnabled": False}


def driver_of(cli: Cli) -> int | None:
    """Who drives the one rollout there is."""
    places = local.list_rollouts(cli.state_dir)
    return local.DriverLock(places[0]).holder() if places else None


def test_serve_drives_what_others_declare_and_ask(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write(strategy=MANUAL))
    serve = cli.start("serve")
    eventually(lambda: driver_of(cli) == serve.pid)
    run = cli.start("run", "-f", manifest.write("shop:v2", strategy=MANUAL), "--until", "healthy")
    assert f"process {serve.pid} drives shop; following it" in read_until(run, "waits for a person to promote it")
    promoted = cli("promote", "--full").stdout
    assert f"promote: saved; process {serve.pid} drives shop and notices within a second" in promoted
    run.communicate(timeout=30)
    assert run.returncode == 0, "whoever follows does not end where only the driver's person can go on"
    assert cli("status", "--timeout", "20").stdout.startswith("shop: Healthy")
    assert manifest.live() == "shop:v2"
    refused = cli("delete", "--yes", code=Exit.BACKEND).stderr
    assert f"driven by process {serve.pid}" in refused
    assert manifest.live() == "shop:v2"
    serve.send_signal(signal.SIGTERM)
    said, _ = serve.communicate(timeout=10)
    assert serve.returncode == 0, "being stopped is how it ends"
    assert "what runs goes on running" in said
    assert manifest.live() == "shop:v2"


def test_a_command_right_after_a_declaration_is_for_the_new_revision(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write(strategy=MANUAL))
    serve = cli.start("serve", "shop")
    eventually(lambda: driver_of(cli) == serve.pid)
    cli("set", "image", "shop:v2")
    cli("approve", "--gate", "promotion")
    assert "Healthy" in cli("status", "--timeout", "20").stdout
    assert manifest.live() == "shop:v2"


def test_serve_waits_for_what_is_not_declared_yet(cli: Cli, manifest: Manifest) -> None:
    serve = cli.start("serve", "shop")
    read_until(serve, "nothing is declared of shop yet: waiting for bluegreen run -f FILE")
    cli("run", "-f", manifest.write(), "--until", "healthy")
    eventually(lambda: driver_of(cli) == serve.pid)


def test_who_follows_takes_over_when_the_driver_is_killed(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    serve = cli.start("serve", "shop")
    eventually(lambda: driver_of(cli) == serve.pid)
    slow = {"initialDelaySeconds": 2, "httpGet": {"path": "/healthz", "port": 8080}}
    run = cli.start("run", "-f", manifest.write("shop:v2", container={"readinessProbe": slow}), "--until", "healthy")
    read_until(run, "0 of 1 available")
    serve.kill()
    said, _ = run.communicate(timeout=30)
    assert f"process {serve.pid} drives shop no more; it is driven from here" in said
    assert run.returncode == 0
    assert manifest.live() == "shop:v2"


def test_a_service_that_moves_to_another_port_moves_while_somebody_drives(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    serve = cli.start("serve", "shop")
    eventually(lambda: driver_of(cli) == serve.pid)
    (manifest.port,) = free_ports(1)
    cli("run", "-f", manifest.write(), "--timeout", "20", code=None)
    eventually(lambda: ask(manifest.port) == "shop:v1")


def test_status_does_not_wait_for_what_nobody_drives(cli: Cli, manifest: Manifest) -> None:
    slow = {"initialDelaySeconds": 60, "httpGet": {"path": "/healthz", "port": 8080}}
    late = manifest.write(container={"readinessProbe": slow})
    cli("run", "-f", late, "--timeout", "1", code=Exit.TIMED_OUT)
    alone = cli("status", code=Exit.TIMED_OUT).stdout
    assert alone.startswith("shop: Progressing")
    assert f"bluegreen serve shop --state-dir {cli.state_dir} does" in alone


def test_watching_gives_each_change_as_a_line_of_data(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    watch = cli.start("get", "-w", "-o", "json")
    assert watch.stdout is not None
    assert json.loads(watch.stdout.readline())["paused"] is False
    cli("pause")
    views = [json.loads(watch.stdout.readline())]
    while not views[-1]["paused"]:
        views.append(json.loads(watch.stdout.readline()))
    watch.send_signal(signal.SIGINT)
    watch.communicate(timeout=10)
    assert watch.returncode == Exit.INTERRUPTED


def test_logs_are_followed_until_somebody_stops_it(cli: Cli, manifest: Manifest) -> None:
    cli("run", "-f", manifest.write())
    logs = cli.start("logs", "-f")
    first = read_until(logs, "shop:v1 listens on port")
    cli("set", "image", "shop:v2")
    second = read_until(logs, "shop:v2 listens on port")
    assert first.split("-")[0] != second.split("-")[0], "each line names its revision"
    logs.send_signal(signal.SIGINT)
    logs.communicate(timeout=10)
    assert logs.returncode == Exit.INTERRUPTED
