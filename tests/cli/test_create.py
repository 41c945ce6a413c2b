"""Measuring from the command line: the real program, a real template, and a real service that is measured."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import define, field

from bluegreen import analysis as measuring
from bluegreen.cli.create import carried_out
from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common
from bluegreen.cli.screen import Output, Screen
from bluegreen.cli.stop import Stop
from bluegreen.errors import CommandError
from bluegreen.spec import Analysis, Arg, Metric, PodTemplateHash
from tests.cli.support import Cli, read_until

pytestmark = pytest.mark.real
SECRET = "correct-horse-battery"


@define
class Service:
    """A service that says how it is: the rates it was given, one after the other, the last one again and again."""

    rates: list[float] = field(factory=lambda: [0.999])
    status: int = 200
    asked: list[str] = field(factory=list[str])
    tokens: list[str] = field(factory=list[str])
    url: str = ""


@pytest.fixture
def service() -> Iterator[Service]:
    """A service on a free port of this machine."""
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """One question."""
            told.asked.append(self.path)
            told.tokens.append(self.headers.get("X-Token", ""))
            rate = told.rates[min(len(told.asked), len(told.rates)) - 1]
            body = json.dumps({"rate": rate, "you": self.headers.get("X-Token")}).encode()
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def template(folder: Path, service: Service, *, args: Any = (), web: Any = None, **metric: Any) -> str:
    """Writes an AnalysisTemplate with one metric, and returns its path."""
    asked = {"url": f"{service.url}/{{{{args.team}}}}", "jsonPath": "{$.rate}", "timeoutSeconds": 5, **(web or {})}
    rate = {"name": "rate", "successCondition": "result >= 0.99", "provider": {"web": asked}, **metric}
    spec = {"args": [{"name": "team"}, *args], "metrics": [rate]}
    path = folder / "template.yaml"
    whole = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "healthy"}}
    path.write_text(yaml.safe_dump({**whole, "spec": spec}))
    return str(path)


def create(cli: Cli, file: str, *words: str, code: Exit = Exit.OK) -> Any:
    """Measures, and returns how that went."""
    return cli("create", "analysisrun", "-f", file, "--arg", "team=shop", *words, code=code)


def test_what_is_as_it_should_be_is_successful(cli: Cli, service: Service, tmp_path: Path) -> None:
    said = create(cli, template(tmp_path, service, count=2, interval="1s")).stdout
    assert "analysis healthy  Successful" in said
    assert "rate  Successful  2 measured: 2 successful" in said
    assert service.asked == ["/shop", "/shop"]
    progress = re.findall(r"^\d\d:\d\d:\d\d rate (\d): Successful: ", said, re.MULTILINE)
    assert progress == ["1", "2"], "a line for each as it comes"
    assert not cli.state_dir.exists(), "nothing is released, and nothing kept"


def test_what_is_not_has_failed_and_says_why(cli: Cli, service: Service, tmp_path: Path) -> None:
    service.rates = [0.9]
    said = create(cli, template(tmp_path, service), code=Exit.DEGRADED).stdout
    assert "analysis healthy  Failed" in said
    assert "0.9" in said.splitlines()[-1]


def test_data_is_one_document_of_strict_json(cli: Cli, service: Service, tmp_path: Path) -> None:
    service.rates = [float("nan")]
    done = create(cli, template(tmp_path, service), "-o", "json", code=Exit.DEGRADED)

    def refuse(word: str) -> Any:
        raise AssertionError(word)

    data = json.loads(done.stdout, parse_constant=refuse)
    (metric,) = data["metrics"]
    assert (data["phase"], metric["name"], metric["measurements"][0]["value"]) == ("Failed", "rate", {"$float": "NaN"})
    assert "rate 1: " in done.stderr, "progress is beside the data"
    asked_for = template(tmp_path, service, successCondition="isNaN(result)")
    done = create(cli, asked_for, "-o", "yaml", code=Exit.PAUSED)
    assert yaml.safe_load(done.stdout)["phase"] == "Inconclusive", "it is no sample"


def test_what_has_no_verdict_is_for_a_person(cli: Cli, service: Service, tmp_path: Path) -> None:
    service.rates = [0.98]
    file = template(tmp_path, service, failureCondition="result < 0.95")
    assert "Inconclusive" in create(cli, file, code=Exit.PAUSED).stdout


def test_what_cannot_be_measured_is_no_success(cli: Cli, service: Service, tmp_path: Path) -> None:
    service.status = 500
    said = create(cli, template(tmp_path, service, consecutiveErrorLimit=0), code=Exit.DEGRADED).stdout
    assert "analysis healthy  Error" in said
    assert "500" in said


def test_a_time_that_is_up_ends_it_without_a_verdict(cli: Cli, service: Service, tmp_path: Path) -> None:
    file = template(tmp_path, service, count=100, interval="10s")
    said = create(cli, file, "--timeout", "2", code=Exit.TIMED_OUT).stdout
    assert "ended without a verdict" in said
    assert "rate  Running  1 measured: 1 successful" in said


def test_ctrl_c_ends_it_in_time(cli: Cli, service: Service, tmp_path: Path) -> None:
    file = template(tmp_path, service, count=100, interval="10s")
    started = cli.start("create", "analysisrun", "-f", file, "--arg", "team=shop")
    read_until(started, "rate 1: Successful")
    started.send_signal(signal.SIGINT)
    said, _ = started.communicate(timeout=10)
    assert started.returncode == Exit.INTERRUPTED
    assert "ended without a verdict" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("words", [["team"], ["=shop"], ["team=a", "team=b"], ["other=x"], []])
def test_an_argument_that_is_wrong_is_bad_input(cli: Cli, service: Service, tmp_path: Path, words: list[str]) -> None:
    given = [word for one in words for word in ("--arg", one)]
    done = cli("create", "analysisrun", "-f", template(tmp_path, service), *given, code=Exit.BAD_INPUT)
    assert "Traceback" not in done.stderr
    assert "team" in done.stderr or "NAME=VALUE" in done.stderr
    assert service.asked == []


# Secrets.


def secretive(folder: Path, service: Service, path: str = "{$.rate}", **metric: Any) -> str:
    """A template whose query needs a secret."""
    token = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "token"}}}
    web = {"headers": [{"key": "X-Token", "value": "{{args.token}}"}], "jsonPath": path}
    return template(folder, service, args=[token], web=web, **metric)


def test_a_secret_reaches_the_service_and_nothing_that_is_printed(cli: Cli, service: Service, tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "shop" / "token"
    secret.parent.mkdir(parents=True)
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    file = secretive(tmp_path, service, path="{$}", successCondition="result.you != ''", consecutiveErrorLimit=0)
    for output in ("text", "json"):
        done = create(cli, file, "--secrets", str(tmp_path / "secrets"), "-o", output, code=Exit.DEGRADED)
        assert "has a secret of the query in it" in done.stdout, "the service said it again"
        assert SECRET not in done.stdout + done.stderr
    assert service.tokens == [SECRET] * 2


def test_a_secret_that_cannot_be_read_is_said_before_anything_is_measured(
    cli: Cli, service: Service, tmp_path: Path
) -> None:
    file = secretive(tmp_path, service)
    assert "name a directory with --secrets" in create(cli, file, code=Exit.BACKEND).stderr
    empty = create(cli, file, "--secrets", str(tmp_path), code=Exit.BACKEND)
    assert f"write it to {tmp_path}/shop/token" in empty.stderr
    assert service.asked == []


# What only a release has.


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (Analysis((Metric("rate", "web", {"url": "http://x/{{revision}}"}),)), "only a release has both"),
        (Analysis((Metric("rate", "web"),), (Arg("hash", PodTemplateHash.LATEST),)), "--arg hash=VALUE"),
        (Analysis((Metric("rate", "web"),), (Arg("app", field="metadata.labels.app"),)), "--arg app=VALUE"),
    ],
)
async def test_what_only_a_release_can_tell_is_refused(declared: Analysis, words: str) -> None:
    assert measuring.definition_of(declared)
    with pytest.raises(CommandError, match=re.escape(words)):
        await carried_out(declared, "now", Common(None, Output.TEXT, debug=False), Screen(), Stop())
