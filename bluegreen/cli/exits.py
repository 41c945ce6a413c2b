"""What a command's exit code means: something that a CI job can branch on."""

from __future__ import annotations

from enum import IntEnum

from bluegreen.errors import (
    BluegreenError,
    CommandError,
    RolloutDegraded,
    SpecError,
    WaitTimedOut,
)


class Exit(IntEnum):
    """The exit codes. Anything but 0 says what to look at first."""

    OK = 0
    INTERNAL = 1
    BAD_INPUT = 2
    DEGRADED = 3
    PAUSED = 4
    TIMED_OUT = 5
    BACKEND = 6
    INTERRUPTED = 130
    TERMINATED = 143


MEANING = {
    Exit.OK: "it is as you asked",
    Exit.INTERNAL: "a fault of this program; its last line says where the traceback is",
    Exit.BAD_INPUT: "the manifest, the arguments or the request; nothing was changed",
    Exit.DEGRADED: "the rollout is Degraded; its message says why, where traffic is, and what to do",
    Exit.PAUSED: "the rollout waits for a person; the command to type is printed",
    Exit.TIMED_OUT: "it did not come to pass in time, or nobody drives the rollout there",
    Exit.BACKEND: "this machine, or what is stored here, cannot be used as it is",
    Exit.INTERRUPTED: "Ctrl-C; how to go on is printed",
    Exit.TERMINATED: "SIGTERM, likewise (serve ends with 0 then: that is how it is stopped)",
}

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in Exit) + "."


def code_of(error: BluegreenError) -> Exit:
    """The exit code that says whose fault the error is."""
    match error:
        case SpecError() | CommandError():
            return Exit.BAD_INPUT
        case RolloutDegraded():
            return Exit.DEGRADED
        case WaitTimedOut():
            return Exit.TIMED_OUT
        case _:
            return Exit.BACKEND
