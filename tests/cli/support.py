"""The program as a user runs it, and the rollout that the tests release."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml
from attrs import define, field

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples" / "demo" / "app.py"
BLUEGREEN = [sys.executable, "-m", "bluegreen"]
PATIENCE_S = 30.0


@define
class Cli:
    """Runs the program on one state directory."""

    state_dir: Path
    started: list[subprocess.Popen[str]] = field(factory=list[subprocess.Popen[str]])

    def __call__(self, *words: str, code: int | None = 0, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end. `code` is the exit code it must have, None for any."""
        done = subprocess.run(
            [*BLUEGREEN, *words, "--state-dir", str(self.state_dir)],
            check=False,
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert code in (None, done.returncode), f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts a command that goes on; it is stopped at the end of the test at the latest."""
        process = subprocess.Popen(
            [*BLUEGREEN, *words, "--state-dir", str(self.state_dir)],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process


def environment() -> dict[str, str]:
    """This process's environment, with output that is not held back."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "100"}


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the process wrote up to and including the first line with these words."""
    said = ""
    assert process.stdout is not None
    while line := process.stdout.readline():
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended without {words!r}:\n{said}")


def eventually(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Waits until the condition holds; fails when it does not in time."""
    late = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < late, "it did not come to pass in time"
        time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    """Ports of this machine where nobody listens."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@define
class Manifest:
    """A rollout of the demo's service in a file."""

    path: Path
    port: int
    preview_port: int

    def write(self, image: str = "shop:v1", *, command: list[str] | None = None, **fields: Any) -> str:
        """Writes the file, and returns its path.

        `fields` belong to the Rollout's spec; `strategy` adds to `blueGreen`, `container` to the container, `policy` to
        the RolloutPolicy, and `more` are further documents.
        """
        policy = {"rolloutRef": {"name": "shop"}, "drain": {"minSeconds": 0}, **fields.pop("policy", {})}
        more = fields.pop("more", [])
        container = {
            "name": "shop",
            "image": image,
            "command": command or [sys.executable, "-S", str(APP)],
            "env": [{"name": "DATABASE_PASSWORD", "value": "correct-horse"}],
            "ports": [{"containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
            **fields.pop("container", {}),
        }
        strategy = {
            "activeService": "shop",
            "previewService": "shop-preview",
            "scaleDownDelaySeconds": 1,
            "abortScaleDownDelaySeconds": 1,
            **fields.pop("strategy", {}),
        }
        labels = {"app": "shop"}
        pod = {"terminationGracePeriodSeconds": 2, "containers": [container]}
        spec = {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
            "strategy": {"blueGreen": strategy},
            **fields,
        }
        documents = [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec},
            _service("shop", self.port),
            _service("shop-preview", self.preview_port),
            {
                "apiVersion": "bluegreen.dev/v1alpha1",
                "kind": "RolloutPolicy",
                "metadata": {"name": "shop"},
                "spec": policy,
            },
            *more,
        ]
        self.path.write_text(yaml.safe_dump_all(documents))
        return str(self.path)

    def live(self) -> str:
        """Who answers where live traffic goes: an image, or the fault."""
        return ask(self.port)


def _service(name: str, port: int) -> dict[str, Any]:
    spec = {"selector": {"app": "shop"}, "ports": [{"port": port, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def ask(port: int) -> str:
    """The body that is answered on this port, or the fault."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
            return str(reply.read().decode().strip())
    except OSError as error:
        return f"{type(error).__name__}: {error}"
