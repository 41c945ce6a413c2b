"""The demo's rollout, fitted to this machine."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from pathlib import Path

from attrs import evolve

from bluegreen import Rollout
from bluegreen.manifests import load_path

MANIFEST = Path(__file__).with_name("demo.yaml")
APP = Path(__file__).with_name("app.py")


def rollout_on_this_machine() -> Rollout:
    """The manifest's rollout, on free ports, its service run by this very Python."""
    rollout = load_path(MANIFEST)
    strategy = rollout.strategy
    listen = dict(zip((strategy.active_service, strategy.preview_service), free_addresses(2), strict=True))
    policy = evolve(rollout.policy, local=evolve(rollout.policy.local, listen=listen))
    spec = rollout.template["spec"]
    containers = [{**one, "command": [sys.executable, str(APP)]} for one in spec["containers"]]
    return evolve(rollout, policy=policy, template={**rollout.template, "spec": {**spec, "containers": containers}})


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine where nobody listens."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
