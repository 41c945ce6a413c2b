"""What is wrong with a manifest, and how a person is told: all of it, in the order of the text, each with its line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import field, frozen

from bluegreen.errors import Problem, SpecError
from bluegreen.manifests.source import Mark, Source

Path = tuple[str | int, ...]

KEPT_MAX = 100
"""More problems than this are not kept: nobody reads them, and a hostile text makes any number."""

_SHOWN_WIDTH = 110
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
# What may be a secret is not shown: the value of an environment variable, of anything that is named like a secret, and
# a password within a URL.
_SECRETS = re.compile(
    r"""(?ix) (?: (?<![\w-]) ["']? (?: value | [\w-]* (?: password | passwd | secret | token | credential | api_?key )
                  [\w-]* ) ["']? \s* [:=] \s* (?: "(?:[^"\\]|\\.)*"? | '[^']*'? | [^\s,}\]"'][^,}\]]* )
              | :// [^\s/@"']* @ )"""
)


@frozen
class ManifestProblem(Problem):
    """One thing wrong with a manifest, and where. As a text: place, message, the line, and what to write instead.

    `line` and `column` count from 1; line 0 means the file as a whole. `text` is the line as it may be shown: what may
    be a secret is masked. `width`: how many characters of it are meant.
    """

    file: str = field(default="", kw_only=True)
    line: int = field(default=0, kw_only=True)
    column: int = field(default=0, kw_only=True)
    width: int = field(default=1, kw_only=True)
    text: str = field(default="", kw_only=True)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        shown = f"{where}: {_dotted(self.path)}: {self.message}" if self.path else f"{where}: {self.message}"
        if self.text.strip():
            text, column, width = _window(self.text, self.column - 1, self.width)
            shown += f"\n{self.line:>6} | {text}\n       | {' ' * column}{'^' * width}"
        return shown + (f"\n    {self.remedy}" if self.remedy else "")


class ManifestError(SpecError):
    """The manifests cannot be used. As a text: every problem, in the order of the files.

    `problems` are the first 100 of them; `warnings` are what would have been said had there been none.
    """

    problems: tuple[ManifestProblem, ...]

    def __init__(
        self, problems: Sequence[ManifestProblem], warnings: Sequence[ManifestProblem] = (), more: bool = False
    ) -> None:
        super().__init__(problems)
        self.warnings = tuple(warnings)
        said = [str(problem) for problem in problems]
        if more:
            said.append("... and more")
        self.args = ("\n".join(said),)


class Report:
    """Collects problems and warnings while manifests are read: one for each place."""

    def __init__(self) -> None:
        self._problems: list[tuple[tuple[int, int, int], ManifestProblem]] = []
        self._warnings: list[tuple[tuple[int, int, int], ManifestProblem]] = []
        self._files: dict[str, int] = {}
        self._lines: dict[tuple[str, int], str] = {}
        self._seen: set[object] = set()
        self._more = False
        self.incomplete = False
        """Whether a text, or the rest of it, was not read at all: then what seems to be missing may be in there."""

    @property
    def full(self) -> bool:
        """Whether further problems will not be kept: a reason to stop looking for places and remedies."""
        return len(self._problems) >= KEPT_MAX

    @property
    def failed(self) -> bool:
        """Whether there is any problem."""
        return bool(self._problems)

    def add(self, source: Source, path: Path, mark: Mark, message: str, remedy: str = "") -> None:
        """Something is wrong at this place. What is said of it twice (an alias leads there again) is kept once."""
        self._keep(self._problems, source, path, mark, message, remedy)

    def warn(self, source: Source, path: Path, mark: Mark, message: str, remedy: str = "") -> None:
        """Something is odd at this place, and harmless."""
        self._keep(self._warnings, source, path, mark, message, remedy)

    def unread(self, source: Source, mark: Mark, message: str, remedy: str = "") -> None:
        """The text, or the rest of it from this place on, cannot be read."""
        self.incomplete = True
        self.add(source, (), mark, message, remedy)

    def whole_file(self, name: str, message: str, remedy: str = "") -> None:
        """Something is wrong with a file as a whole, or with a path that should be one."""
        self.incomplete = True
        order = (self._files.setdefault(name, len(self._files)), -1, 0)
        self._problems.append((order, ManifestProblem((), message, remedy, file=name)))

    def _keep(
        self,
        where: list[tuple[tuple[int, int, int], ManifestProblem]],
        source: Source,
        path: Path,
        mark: Mark,
        message: str,
        remedy: str,
    ) -> None:
        seen = (id(where), source.name, mark.line, mark.column, message)
        if seen in self._seen:
            return
        if len(where) >= KEPT_MAX:
            self._more |= where is self._problems
            return
        self._seen.add(seen)
        text = self._shown(source, mark.line)
        order = (self._files.setdefault(source.name, len(self._files)), mark.line, mark.column)
        problem = ManifestProblem(
            path,
            _masked(message),
            remedy,
            file=source.name,
            line=mark.line + 1,
            column=mark.column + 1,
            width=mark.width,
            text=text,
        )
        where.append((order, problem))

    def _shown(self, source: Source, line: int) -> str:
        if line >= len(source.lines):
            return ""
        if (source.name, line) not in self._lines:
            self._lines[source.name, line] = _masked(source.lines[line])
        return self._lines[source.name, line]

    def warnings(self) -> tuple[ManifestProblem, ...]:
        """The warnings, in the order of the files."""
        return _sorted(self._warnings)

    def raise_if_failed(self) -> None:
        """Raises `ManifestError` with every problem, in the order of the files, if there is any."""
        if self._problems:
            raise ManifestError(_sorted(self._problems), self.warnings(), self._more)


def _sorted(found: list[tuple[tuple[int, int, int], ManifestProblem]]) -> tuple[ManifestProblem, ...]:
    return tuple(problem for _, problem in sorted(found, key=lambda one: one[0]))


def _dotted(path: Path) -> str:
    shown = ""
    for part in path:
        if isinstance(part, str) and _PLAIN_KEY.fullmatch(part):
            shown += f".{part}" if shown else part
        else:
            shown += f"[{shortened(str(part))}]"
    return shown


def shortened(text: str, most: int = 40) -> str:
    """The text, or as much of a long one as fits."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _masked(line: str) -> str:
    """The line with each secret's characters replaced, so that columns stay what they are."""

    def mask(found: re.Match[str]) -> str:
        if found[0].startswith("://"):
            return "://" + "*" * (len(found[0]) - 4) + "@"
        key = re.split("([:=] *)", found[0], maxsplit=1)
        return f"{key[0]}{key[1]}{'*' * len(key[2])}"

    return _SECRETS.sub(mask, line)


def _window(text: str, column: int, width: int) -> tuple[str, int, int]:
    """As much of a long line as fits, around the place; tabs are shown, since they may be the mistake."""
    text = text.rstrip().replace("\t", "→")
    start = 0
    if len(text) > _SHOWN_WIDTH and column > _SHOWN_WIDTH // 2:
        start = min(column - _SHOWN_WIDTH // 2, len(text) - _SHOWN_WIDTH)
    end = start + _SHOWN_WIDTH
    shown = ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
    column = column - start + (1 if start else 0)
    return shown, column, max(1, min(width, len(shown) - column))
