"""The command line: `bluegreen --help` teaches it."""

from __future__ import annotations

import sys

from bluegreen.cli.exits import Exit

INSTALL = "the bluegreen command needs its extras: pip install 'bluegreen[cli,local]'"


def main() -> None:
    """Runs the program with the arguments of this process, and exits with its code."""
    try:
        import click

        from bluegreen.cli.app import program
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("click", "rich"):
            sys.stderr.write(f"{INSTALL}\n")
            sys.exit(Exit.BACKEND)
        raise

    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")
    try:
        program.main(prog_name="bluegreen")
    except click.ClickException as error:  # nothing else leaves it but SystemExit
        error.show()
        sys.exit(error.exit_code)
