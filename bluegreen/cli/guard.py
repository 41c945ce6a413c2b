"""What every command has in common: its options, and how it ends."""

from __future__ import annotations

import asyncio
import functools
import os
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeGuard

import click
from attrs import frozen

from bluegreen.cli.exits import EPILOG, Exit, code_of
from bluegreen.cli.screen import Output, Screen
from bluegreen.errors import BluegreenError, CommandError

OUTPUTS = [one.value for one in Output]


@frozen
class Common:
    """What the common options say. `state_dir` None is the default one; `secrets` None: there are none to be read."""

    state_dir: Path | None
    output: Output
    debug: bool
    secrets: Path | None = None

    @property
    def flags(self) -> str:
        """What a command that drives has to be given to mean the same directories, with a leading blank."""
        given = (("--state-dir", self.state_dir), ("--secrets", self.secrets))
        return "".join(f" {flag} {shlex.quote(str(path))}" for flag, path in given if path)


Verb = Callable[..., Coroutine[Any, Any, Exit | None]]


def verb(function: Verb) -> Callable[..., None]:
    """Makes a command of a coroutine that takes `(common, screen, ...)` and returns its exit code.

    Errors of ours are printed as they are. Anything else is a fault of this program: one line, and its traceback in a
    file.
    """
    return _stating(_running(function))


def driving_verb(function: Verb) -> Callable[..., None]:
    """A `verb` that may measure or run hooks, and so may need secrets."""
    folder = click.Path(path_type=Path, file_okay=False, exists=True)
    option = click.option(
        "--secrets", type=folder, metavar="DIRECTORY", help="Where secrets are: DIRECTORY/NAME/KEY, a file each."
    )
    return _stating(option(_running(function)))


_stating = click.option(
    "--state-dir", type=click.Path(path_type=Path, file_okay=False), help="Where rollouts are kept."
)


def _running(function: Verb) -> Callable[..., None]:
    @click.option(
        "-o", "--output", type=click.Choice([one.value for one in Output]), default="text", help="Text, or data."
    )
    @click.option("--debug", is_flag=True, help="Print the traceback of a fault of this program.")
    @click.pass_context
    @functools.wraps(function)
    def run(
        ctx: click.Context,
        /,
        state_dir: Path | None,
        output: Output,
        debug: bool,
        secrets: Path | None = None,
        **options: Any,
    ) -> None:
        kept, hidden = (path.absolute() if path else None for path in (state_dir, secrets))
        common = Common(kept, Output(output), debug, hidden)
        ctx.exit(guarded(functools.partial(function, common, Screen(common.output), **options), debug=debug))

    return run


def guarded(main: Callable[[], Coroutine[Any, Any, Exit | None]], *, debug: bool) -> Exit:
    """Runs the coroutine to its end, and turns whatever it raises into a message and an exit code."""
    try:
        return asyncio.run(main()) or Exit.OK
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads any more: nothing to say
        return Exit.INTERRUPTED
    except click.ClickException:
        raise  # it knows how to show itself
    except Exception as error:
        if debug:
            click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
        else:
            click.echo(told(error), err=True)
        first = _first(error)
        if _of_this_machine(first):
            return Exit.BACKEND
        return code_of(first) if isinstance(first, BluegreenError) else Exit.INTERNAL


def told(error: Exception) -> str:
    """What people are told of an error: its own words when it is one of ours, else where its traceback was written."""
    first = _first(error)
    if isinstance(first, BluegreenError):
        return str(first)
    if _of_this_machine(first):
        return f"{first.filename} cannot be used: {first.strerror}"
    with tempfile.NamedTemporaryFile("w", prefix="bluegreen-", suffix=".txt", delete=False) as file:
        file.writelines(traceback.format_exception(error))
    return f"bluegreen itself failed: {type(first).__name__}; the traceback is in {file.name} (--debug prints it)"


def _of_this_machine(error: Exception) -> TypeGuard[OSError]:
    """A file or folder that the system does not let us use: its name is too long, the disk is full."""
    return isinstance(error, OSError) and error.filename is not None and error.strerror is not None


def _first(error: Exception) -> Exception:
    """The error itself: a group's first one, where tasks side by side ended together."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


class NoSuchRollout(CommandError):
    """The request names a rollout that is not kept here, or none where there are several."""


class Family(click.Group):
    """The program: its verbs in the order in which a release needs them, and what the exit codes mean."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs as they were added."""
        return list(self.commands)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Ends every help text with the exit codes."""
        formatter.write_paragraph()
        formatter.write_text(EPILOG)
