"""An error that a person can use, and that tells no secret."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Generator
from contextlib import contextmanager

from bluegreen.errors import BackendError
from bluegreen.testing.conformance.violation import Violation


async def fails_in_words(measuring: Awaitable[object], what: str, secret: str) -> BackendError:
    """Its error. Raises `Violation` unless it ends in a `BackendError` in words, and the secret is neither in it, nor
    in what caused it, nor in what was logged meanwhile. An empty secret is none."""
    with _logged() as lines:
        try:
            answer = await measuring
        except Violation:
            raise
        except BackendError as error:
            _judge(error, what, secret)
            failed = error
        except Exception as error:
            raise Violation(f"{what}: {error!r} came, which is no BackendError") from error
        else:
            raise Violation(f"{what}: an error was due, and {answer!r:.200} came")
    if secret and any(secret in line for line in lines):
        raise Violation(f"{what}: the secret is in the log")
    return failed


def _judge(error: BackendError, what: str, secret: str) -> None:
    said = str(error)
    if len(said.split()) < 3:
        raise Violation(f"{what}: {said!r} does not say in words what happened")
    if secret and secret in "".join((said, repr(error), *traceback.format_exception(error))):
        # Without its cause, which may hold it as well.
        raise Violation(f"{what}: the secret is in the error, or in what caused it") from None


@contextmanager
def _logged() -> Generator[list[str]]:
    """The lines that are logged inside, with their exceptions."""
    lines: list[str] = []
    formatter = logging.Formatter()

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(formatter.format(record))

    keeping, root = Keeping(), logging.getLogger()
    root.addHandler(keeping)
    try:
        yield lines
    finally:
        root.removeHandler(keeping)
