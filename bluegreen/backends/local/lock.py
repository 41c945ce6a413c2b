"""One driver at a time: who holds the lock supervises the rollout's processes and writes its proxy."""

from __future__ import annotations

import fcntl
import os
from types import TracebackType
from typing import Self

from bluegreen.backends.local.places import Place
from bluegreen.errors import BackendError


class DriverBusy(BackendError):
    """Somebody else drives this rollout. `pid` is their process, None when it cannot be told."""

    def __init__(self, place: Place, pid: int | None) -> None:
        self.pid = pid
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"rollout {place.name} is driven by {who} (state directory {place.state_dir}); "
            "commands reach it all the same: only a second driver is refused"
        )


class DriverLock:
    """The lock on one rollout's folder. The system drops it when its holder dies, however it dies."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._path = place.folder / "driver.lock"
        self._fd: int | None = None

    def acquire(self) -> None:
        """Takes the lock, at once. Raises `DriverBusy` when somebody else has it, this very process included."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise DriverBusy(self._place, self._written()) from None
        os.truncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Gives the lock back; harmless when it is not held."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.truncate(fd, 0)
            os.close(fd)

    def holder(self) -> int | None:
        """The process that drives now; None when nobody does."""
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._written()
        finally:
            os.close(fd)
        return None

    def _written(self) -> int | None:
        try:
            return int(self._path.read_text())
        except (OSError, ValueError):
            return None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
