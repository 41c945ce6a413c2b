"""The program `bluegreen`: its verbs, together."""

from __future__ import annotations

import click

from bluegreen.cli.commands import abort, approve, pause, promote, resume, retry, set_, undo
from bluegreen.cli.create import create
from bluegreen.cli.get import get, history, list_, status
from bluegreen.cli.guard import Family
from bluegreen.cli.keep import delete, lint, logs, version
from bluegreen.cli.run import run, serve
from bluegreen.cli.simulate import simulate
from bluegreen.cli.verify import verify


@click.group(cls=Family, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def program() -> None:
    """Release a service without dropping a request, and take it back when it was a mistake.

    Begin with: bluegreen run -f FILE. It declares what the file says and sees the release through. One process drives a
    rollout at a time; every other command is saved for it, or, where nobody drives, carried out by the command itself.
    NAME may be left out where only one rollout is kept.
    """


for one in (run, serve, get, list_, status, promote, approve, abort, retry, pause, resume, undo, set_):
    program.add_command(one)
for one in (logs, history, lint, verify, simulate, create, delete, version):
    program.add_command(one)
