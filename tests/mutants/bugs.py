"""The planted bugs: what a file of one says, and how it is put into a copy of the project.

A file reads like a diff without line numbers, so that it rots no sooner than the code it is about:

    One sentence: what the bug is, and the outage that follows.
    first: tests/decide/test_retirement.py

    @@ bluegreen/decide/replicas.py
         delay = entry.delay_s
    -    if due and whole:
    +    if due:

What stands behind ` ` and `-` has to be there in the named file, exactly once. `first` names the tests that are most
likely to notice; `rule`, where there is one, the rule of the safety model that is missing then.
"""

from __future__ import annotations

import re
from pathlib import Path

from attrs import frozen

HERE = Path(__file__).parent


class Rotten(Exception):
    """A planted bug that no longer fits the code, or that says too little."""


@frozen
class Hunk:
    """One change: in `file`, `old` (whole lines) becomes `new`."""

    file: str
    old: str
    new: str

    def places(self, text: str) -> list[int]:
        """Where in the text the old lines begin."""
        return [found.start() for found in re.finditer(f"^(?={re.escape(self.old)})", text, re.MULTILINE)]


@frozen
class Bug:
    """A planted bug. `area` is the part of the library that it is in, `name` says in a few words what goes wrong."""

    area: str
    name: str
    why: str
    first: tuple[str, ...]
    rules: tuple[str, ...]
    hunks: tuple[Hunk, ...]

    def files(self) -> tuple[str, ...]:
        """The files that it changes, each once."""
        return tuple(dict.fromkeys(hunk.file for hunk in self.hunks))

    def changed(self, root: Path) -> dict[str, str]:
        """The text of each file with the bug in it. Raises `Rotten` when what it replaces is not there exactly once."""
        texts = {file: (root / file).read_text() for file in self.files() if (root / file).is_file()}
        for hunk in self.hunks:
            if hunk.file not in texts:
                raise Rotten(f"{self.name}: there is no {hunk.file} any more")
            places = hunk.places(texts[hunk.file])
            if len(places) != 1:
                raise Rotten(f"{self.name}: what it replaces is {len(places)} times in {hunk.file}:\n{hunk.old}")
            texts[hunk.file] = texts[hunk.file][: places[0]] + hunk.new + texts[hunk.file][places[0] + len(hunk.old) :]
        return texts

    def plant(self, root: Path) -> None:
        """Changes the copy of the project that is in this folder. Raises `Rotten`, and changes nothing then."""
        for file, text in self.changed(root).items():
            (root / file).write_text(text)
            for compiled in (root / file).parent.glob(f"__pycache__/{Path(file).stem}.*"):
                compiled.unlink()  # it might be as old, to the second, and as long as what is there now


def parsed(area: str, name: str, text: str) -> Bug:
    """The bug that a file describes. Raises `Rotten` when the file is not as this module's docstring says."""
    head, *parts = ("\n" + text).split("\n@@ ")
    prose, first, rules = list[str](), list[str](), list[str]()
    for line in head.strip().splitlines():
        key, _, value = line.partition(": ")
        if key == "first":
            first += value.split()
        elif key == "rule":
            rules.append(value)
        else:
            prose.append(line)
    why = " ".join(prose).strip()
    if not (why.endswith(".") and first and parts):
        raise Rotten(f"{name}: it needs a sentence, the tests to run first, and a change")
    return Bug(area, name, why, tuple(first), tuple(rules), tuple(_hunk(name, part) for part in parts))


def _hunk(name: str, part: str) -> Hunk:
    file, _, body = part.partition("\n")
    lines = body.rstrip("\n").splitlines()
    if odd := [line for line in lines if line[:1] not in ("", " ", "-", "+")]:
        raise Rotten(f"{name}: a line of a change begins with a blank, - or +, and this one does not: {odd[0]}")
    old = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
    new = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
    if not old.strip() or old == new:
        raise Rotten(f"{name}: it replaces nothing in {file}")
    return Hunk(file.strip(), old, new)


def all_bugs() -> tuple[Bug, ...]:
    """Every planted bug, by area and name."""
    files = sorted(HERE.glob("*/*.diff"))
    return tuple(parsed(file.parent.name, file.stem, file.read_text()) for file in files)
