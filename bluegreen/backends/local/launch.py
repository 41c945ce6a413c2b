"""What a replica is started with: its arguments, and an environment that has nothing of the engine's own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from bluegreen.backends.local.pod import Pod
from bluegreen.backends.local.process import MARKER
from bluegreen.spec import RevisionId

PASSED_ON = ("PATH", "HOME", "LANG")
_REFERENCE = re.compile(r"\$(?:(\$)|\(([^()]+)\))")


@frozen
class Launch:
    """A program, its whole environment, and the folder it starts in."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: str


def expand(text: str, known: Mapping[str, str]) -> str:
    """Kubernetes' `$(NAME)`: the value when the name is known, else left as it is; `$$(NAME)` is a plain `$(NAME)`."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        return known.get(match[2], match[0])

    return _REFERENCE.sub(one, text)


def base_environment() -> dict[str, str]:
    """What every program is given of this process's own environment."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def launch(pod: Pod, revision: RevisionId, *, port: int, marker: str, folder: str) -> Launch:
    """How to start a replica that listens on `port`. Relative folders count from `folder`.

    The container's variables may refer to those before them, and to the replica's own; a PORT that the template
    declares is overridden.
    """
    own = {"PORT": str(port), "BLUEGREEN_REVISION": revision, "BLUEGREEN_IMAGE": pod.image}
    declared: dict[str, str] = {}
    for name, value in pod.env:
        declared[name] = expand(value, {**declared, **own})
    known = {**declared, **own}
    env = {**base_environment(), **known, MARKER: marker}
    argv = tuple(expand(one, known) for one in pod.command)
    return Launch(argv, env, str(Path(folder, pod.working_dir)))


def expand_all(texts: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """A probe's or a hook's command, expanded as the container's own is."""
    return tuple(expand(one, env) for one in texts)
