"""Secrets in files: read anew each time, from inside their directory alone, and never shown."""

import logging
import os
from pathlib import Path

import pytest

from bluegreen.backends.local import DirectorySecrets
from bluegreen.backends.local.secrets import LIMIT_BYTES
from bluegreen.errors import PermanentBackendError

SECRET = "correct-horse-battery"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with one secret, and another one outside of it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "token").write_text(SECRET)
    where = tmp_path / "secrets"
    (where / "prom").mkdir(parents=True)
    written(where / "prom" / "token", f"{SECRET}\n")
    return where


def written(path: Path, text: str | bytes) -> None:
    """Writes a file for its owner alone."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)


async def test_a_secret_is_its_file_without_the_line_end(directory: Path) -> None:
    secrets = DirectorySecrets(directory)
    assert await secrets.read("prom", "token") == SECRET
    written(directory / "prom" / "token", "two\nlines\r\n")
    assert await secrets.read("prom", "token") == "two\nlines", "read anew, and only the last line end goes"
    written(directory / "prom" / "token", "ends with two\n\n")
    assert await secrets.read("prom", "token") == "ends with two\n"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("prom", "nothing"),
        ("nothing", "token"),
        ("prom/token", "x"),
        ("..", "outside"),
        ("prom", ".."),
        ("prom", "../../outside/token"),
        ("", "token"),
        ("prom", ""),
        (".", "prom"),
        ("prom", "token\0"),
        ("prom", "token\n"),
        ("prom", "/etc/passwd"),
        ("prom", "a" * 300),
        (".hidden", "token"),
    ],
)
async def test_what_is_not_there_or_no_name_is_refused(directory: Path, name: str, key: str) -> None:
    with pytest.raises(PermanentBackendError) as refused:
        await DirectorySecrets(directory).read(name, key)
    assert SECRET not in str(refused.value)


async def test_a_missing_secret_says_where_to_write_it(directory: Path) -> None:
    with pytest.raises(PermanentBackendError, match=f"write it to {directory}/db/password"):
        await DirectorySecrets(directory).read("db", "password")


async def test_a_link_may_lead_about_in_the_directory_and_not_out_of_it(directory: Path) -> None:
    """Kubernetes mounts a key as a link to another place of the same directory."""
    os.symlink("../prom/token", directory / "prom" / "alias")
    assert await DirectorySecrets(directory).read("prom", "alias") == SECRET
    os.symlink("../../outside/token", directory / "prom" / "out")
    os.symlink("../outside", directory / "all")
    for name, key in (("prom", "out"), ("all", "token")):
        with pytest.raises(PermanentBackendError, match="link out of"):
            await DirectorySecrets(directory).read(name, key)


async def test_a_directory_that_is_a_link_itself_is_fine(directory: Path, tmp_path: Path) -> None:
    os.symlink(directory, tmp_path / "link")
    assert await DirectorySecrets(tmp_path / "link").read("prom", "token") == SECRET


@pytest.mark.timeout(10)
async def test_what_is_no_file_of_text_is_refused(directory: Path) -> None:
    os.mkfifo(directory / "prom" / "pipe", 0o600)
    (directory / "prom" / "folder").mkdir()
    written(directory / "prom" / "bytes", SECRET.encode() + b"\xff")
    written(directory / "prom" / "large", b"x" * (LIMIT_BYTES + 1))
    written(directory / "prom" / "most", b"x" * LIMIT_BYTES)
    secrets = DirectorySecrets(directory)
    for key in ("pipe", "folder", "bytes", "large"):
        with pytest.raises(PermanentBackendError) as refused:
            await secrets.read("prom", key)
        assert SECRET not in str(refused.value) + repr(refused.value.__cause__)
    assert len(await secrets.read("prom", "most")) == LIMIT_BYTES


async def test_a_secret_that_everybody_can_read_is_told_of_once(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    secrets = DirectorySecrets(directory)
    await secrets.read("prom", "token")
    assert caplog.messages == []
    (directory / "prom" / "token").chmod(0o644)
    await secrets.read("prom", "token")
    await secrets.read("prom", "token")
    (said,) = caplog.messages
    assert str(directory / "prom" / "token") in said
    assert SECRET not in said
