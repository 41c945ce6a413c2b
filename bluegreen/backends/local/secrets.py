"""Secrets in files: `DIR/NAME/KEY`, as a Secret that Kubernetes mounts has them."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path
from typing import Final

from bluegreen.errors import BackendError, PermanentBackendError

LIMIT_BYTES: Final = 1024 * 1024
"""The most that Kubernetes lets a Secret have."""
_WORD = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}")
log = logging.getLogger("bluegreen")


class DirectorySecrets:
    """Reads the key KEY of the Secret NAME from the file `DIR/NAME/KEY`, each time anew. Keeps the `Secrets` port."""

    def __init__(self, directory: Path | str) -> None:
        self._directory = Path(directory).absolute()
        self._warned: set[Path] = set()

    async def read(self, name: str, key: str) -> str:
        """The file's text, without the line end that closes it.

        Raises `PermanentBackendError` when there is no such file, when it is no text or larger than 1 MiB, or when its
        name leads out of the directory; `BackendError` when it cannot be read for another reason.
        """
        path = self._path(name, key)
        try:
            content = self._content(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise PermanentBackendError(f"there is no secret {name}/{key}", remedy=f"write it to {path}") from None
        except OSError as error:
            raise BackendError(f"the secret {name}/{key} cannot be read: {error.strerror}") from None
        try:
            text = content.decode()
        except UnicodeDecodeError:  # which would show what it could not decode
            raise PermanentBackendError(f"the secret {name}/{key} is no text", remedy="write UTF-8") from None
        return text.removesuffix("\n").removesuffix("\r")

    def _path(self, name: str, key: str) -> Path:
        if not _WORD.fullmatch(name) or not _WORD.fullmatch(key):
            remedy = "letters, digits, dots, - and _, and no dot at the beginning"
            raise PermanentBackendError(f"{name!r}/{key!r} is no name for a secret", remedy=remedy)
        path = self._directory / name / key
        if not path.resolve().is_relative_to(self._directory.resolve()):
            message = f"the secret {name}/{key} is a link out of {self._directory}"
            raise PermanentBackendError(message, remedy="put the file itself there")
        return path

    def _content(self, path: Path) -> bytes:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would be waited for
        try:
            seen = os.fstat(fd)
            if not stat.S_ISREG(seen.st_mode):
                raise FileNotFoundError(path)
            if seen.st_mode & stat.S_IROTH and path not in self._warned:
                self._warned.add(path)
                log.warning("everybody on this machine can read the secret in %s: chmod o-r", path)
            content = b""
            while chunk := os.read(fd, LIMIT_BYTES + 1 - len(content)):
                content += chunk
        finally:
            os.close(fd)
        if len(content) > LIMIT_BYTES:
            raise PermanentBackendError(f"the secret in {path} is too large", remedy=f"the most is {LIMIT_BYTES} bytes")
        return content
