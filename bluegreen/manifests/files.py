"""Texts from a file, a folder of files, or a caller; bounded, and always UTF-8."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from bluegreen.manifests.report import Report
from bluegreen.manifests.source import Mark, Source

FILE_BYTES_MAX = 4 * 2**20
FOLDER_BYTES_MAX = 16 * 2**20
SUFFIXES = (".yaml", ".yml", ".json")

# What YAML does not let into a text at all, and the byte order mark, which it lets in and nobody can see.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def from_text(text: str, name: str, report: Report) -> Source | None:
    """The text as a source. None, and a problem in the report, when it is too long or holds control characters."""
    text = text.removeprefix("\ufeff")
    if len(text) > FILE_BYTES_MAX:
        _too_long(name, report)
        return None
    if bad := _UNPRINTABLE.search(text):
        message = f"the character U+{ord(bad[0]):04X} cannot stand in a manifest"
        remedy = "is this a binary file?" if bad[0] == "\0" else "delete it; an editor may not show it"
        # The line itself is not shown: what surrounds stray bytes may be anything.
        report.unread(Source(name, ""), Mark.at(text, bad.start()), message, remedy)
        return None
    return Source(name, text)


def from_path(path: str | Path, report: Report) -> Iterator[Source]:
    """The sources at a path: the file itself, or each .yaml, .yml and .json file of the folder, in order of name.

    What cannot be read is a problem in the report.
    """
    where = Path(path)
    left = FOLDER_BYTES_MAX
    for one in _files(where, report):
        if (data := _bytes(one, report)) is None:
            continue
        left -= len(data)
        if left < 0:
            report.whole_file(str(where), f"more than {FOLDER_BYTES_MAX // 2**20} MiB in all", "name the file itself")
            return
        if (text := _decoded(data, str(one), report)) is not None and (source := from_text(text, str(one), report)):
            yield source


def _files(where: Path, report: Report) -> list[Path]:
    try:
        if not where.is_dir():
            return [where]
        found = sorted(one for one in where.iterdir() if _is_manifest(one))
    except (OSError, ValueError) as error:
        report.whole_file(str(where), *_unreadable(where, error))
        return []
    if not found:
        report.whole_file(str(where), "a folder without .yaml, .yml or .json files", "name a file, or another folder")
    return found


def _is_manifest(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _bytes(path: Path, report: Report) -> bytes | None:
    try:
        # Not stat(): a pipe has no size, and some devices have no end.
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        report.whole_file(str(path), *_unreadable(path, error))
        return None
    if len(data) > FILE_BYTES_MAX:
        _too_long(str(path), report)
        return None
    return data


def _too_long(name: str, report: Report) -> None:
    report.whole_file(name, f"longer than {FILE_BYTES_MAX // 2**20} MiB", "give the rollout a file of its own")


def _unreadable(path: Path, error: Exception) -> tuple[str, str]:
    if not isinstance(error, FileNotFoundError):
        return f"cannot be read: {getattr(error, 'strerror', None) or error}", ""
    try:
        names = [one.name for one in path.parent.iterdir() if one.suffix.lower() in SUFFIXES]
    except OSError:
        return "no such file", f"there is no folder {path.parent} either"
    near = get_close_matches(path.name, names, n=1, cutoff=0.7)
    return "no such file", f"did you mean {path.parent / near[0]}?" if near else ""


def _decoded(data: bytes, name: str, report: Report) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.whole_file(name, "written in UTF-16", "save it as UTF-8")
        return None
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        good = data[: error.start].decode()
        message = f"not UTF-8: the byte 0x{data[error.start]:02X} cannot stand here"
        report.unread(Source(name, ""), Mark.at(good, len(good)), message, "save the file as UTF-8")
        return None
