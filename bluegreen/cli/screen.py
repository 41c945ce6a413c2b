"""Where progress goes: a live tree on a terminal, plain lines in a pipe, and with `-o json` lines beside the data."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Self

import click
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from bluegreen.cli.lines import Reasons, changes
from bluegreen.cli.render import tree
from bluegreen.cli.view import View
from bluegreen.spec import JSON

PIPE_WIDTH = 500
"""Columns where there is no terminal: enough that no line is broken."""


class Output(StrEnum):
    """How a command's result is written: for people, or as data."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


class Screen:
    """Tells people what happens, and programs what came of it.

    With text, progress is on standard output; with data, standard output has the data alone and progress is on
    standard error. `progress` begins and ends the live tree, where there is a terminal for it.
    """

    def __init__(self, output: Output = Output.TEXT) -> None:
        self.output = output
        self.console = Console(stderr=output is not Output.TEXT, highlight=False, markup=False, emoji=False)
        if not self.console.is_terminal:
            self.console.width = PIPE_WIDTH
        self.last: View | None = None
        self._live: Live | None = None
        self._trouble = ""
        self._reasons = Reasons()

    # For people.

    def say(self, line: str) -> None:
        """One line of progress."""
        self.draw(Text(line))

    def draw(self, drawing: RenderableType) -> None:
        """A drawing for people. In a pipe its lines are never wrapped."""
        if self.console.is_terminal:
            self.console.print(drawing)
        else:
            self.console.print(drawing, soft_wrap=True)

    def show(self, view: View) -> None:
        """The rollout as it is now: what changed since the last time, in a live tree or in lines."""
        lines = [*changes(self.last, view), *self._reasons.lasting(view)]
        self.last = view
        if self._live is not None:
            self._live.refresh()
        else:
            stamp = view.at.astimezone().strftime("%H:%M:%S")
            for line in lines:
                self.say(f"{stamp} {view.name}: {line}")

    def picture(self) -> None:
        """The tree as it stands, where it is not on the screen all the time."""
        if self._live is None and self.last is not None:
            self.draw(tree(self.last, datetime.now(UTC)))

    def trouble(self, line: str) -> None:
        """A fault that is tried again, told once as long as it stays the same."""
        if line != self._trouble:
            self._trouble = line
            self.say(f"{datetime.now().astimezone():%H:%M:%S} {line}")

    def __enter__(self) -> Self:
        if self.console.is_terminal and self.output is Output.TEXT:
            self._live = Live(get_renderable=self._tree, console=self.console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _tree(self) -> RenderableType:
        return tree(self.last, datetime.now(UTC)) if self.last else Text("looking ...")

    # For programs.

    def data(self, value: JSON) -> None:
        """The command's result as data on standard output, in one document."""
        if self.output is Output.YAML:
            import yaml

            click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), nl=False)
        else:
            click.echo(json.dumps(value, indent=2))

    def data_line(self, value: JSON) -> None:
        """One of several results: a line of JSON, or a YAML document of its own."""
        if self.output is Output.YAML:
            click.echo("---")
            self.data(value)
        else:
            click.echo(json.dumps(value))
            sys.stdout.flush()

    def result(self, view: View | None, printed: RenderableType | None = None) -> None:
        """The end of a command: the data that was asked for, or what is to be printed for people, if anything."""
        if self.output is not Output.TEXT:
            self.data(view.data() if view else None)
        elif printed is not None:
            self.draw(printed)
