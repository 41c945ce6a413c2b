"""`python -m bluegreen` is the command line."""

from __future__ import annotations

from bluegreen.cli import main

if __name__ == "__main__":
    main()
