"""Whatever a webhook's server answers, or a program prints: an outcome that can be kept, without the secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bluegreen import hooks
from bluegreen.hooks import webhook
from bluegreen.snapshot import Outcome
from bluegreen.values import encoded
from tests.fuzz.bounds import bounded
from tests.fuzz.wire import SECRET, Wire, http, replies
from tests.hooks.support import RELEASE, key, run

pytestmark = [pytest.mark.real, pytest.mark.property]


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """One server for all of them; nobody waits long to ask it again."""
    with pytest.MonkeyPatch.context() as patch, Wire().serving() as wire:
        patch.setattr(webhook, "AGAIN_S", 0.0)
        patch.setattr(webhook, "AGAIN_MAX_S", 0.0)
        yield wire


def called(wire: Wire, reply: bytes) -> Outcome:
    """What a webhook comes to that is answered like this."""
    wire.reply = reply
    url = f"http://127.0.0.1:{wire.port}/{SECRET}"
    hook: dict[str, Any] = {"kind": "webhook", "url": url, "release": RELEASE, "headers": {"Authorization": SECRET}}

    async def work() -> Outcome:
        async with hooks.connect("/nowhere") as steps:
            return await run(steps, hook)

    with bounded():
        outcome: Outcome = wire.run(work())
    judge(outcome)
    return outcome


def judge(outcome: Outcome) -> None:
    """Fails unless the outcome is a value that can be kept, or an error in few words without the secret."""
    encoded(outcome.value)
    assert SECRET not in outcome.error
    assert len(outcome.error) < 3000
    assert bool(outcome.error) != (outcome.value is not None)


@given(replies(st.binary(max_size=50)))
@example(http(b"", 302, "Location: http://[::1"))
@example(http(b"", 503, f"Retry-After: {'9' * 400}"))
def test_any_answer_to_a_webhook_is_an_outcome(wire: Wire, reply: bytes) -> None:
    called(wire, reply)


@settings(max_examples=5)
@given(st.binary(max_size=3000) | st.sampled_from([b"\0" * 70_000, b"\xff\xfe" * 3000, b"\x1b[2J\r", b"x" * 10**6]))
def test_anything_that_a_program_prints_is_an_outcome(
    wire: Wire, tmp_path_factory: pytest.TempPathFactory, output: bytes
) -> None:
    folder = tmp_path_factory.mktemp("hooks")
    (folder / "output").write_bytes(output)
    judge(wire.run(printed(folder)))


async def printed(folder: Path) -> Outcome:
    """What becomes of a step that prints a file and ends well."""
    hook = {"kind": "command", "argv": ["cat", str(folder / "output")], "release": RELEASE}
    async with hooks.connect(folder / "steps") as steps:
        return await run(steps, hook, key())


def test_the_verdict_can_fail(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    assert called(wire, http(b"")).value == {"status": 200}
    monkeypatch.setattr(webhook._Call, "where", property(lambda call: str(call.url)))
    with pytest.raises(AssertionError, match=SECRET):
        called(wire, http(b"", 500))
