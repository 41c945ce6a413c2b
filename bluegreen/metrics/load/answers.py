"""An HTTP/1 answer as it comes in: of interest are its status and its end (RFC 9112, section 6), and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

HEAD_MAX: Final = 64 * 1024
_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [^\r\n]*)?(?=\r\n|\Z)")
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CODING: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CONNECTION: Final = re.compile(rb"\r\nconnection:[ \t]*([^\r\n]*)", re.IGNORECASE)
_HEX: Final = re.compile(rb"[0-9a-fA-F]{1,15}")


Step = Callable[[], bool]
"""Takes in what it can of the buffer; whether there is more to be done with it."""


class Malformed(ValueError):
    """What came is no HTTP/1 answer."""


class Answer:
    """One answer. `done` once all of it is there; then `reusable` says whether its connection may be used again.

    `bodiless`: it answers a HEAD, and has no body whatever its headers say.
    """

    def __init__(self, *, bodiless: bool = False) -> None:
        self.status = 0
        self.done = False
        self.reusable = False
        self._bodiless = bodiless
        self._buffer = bytearray()
        self._left = 0
        self._step = self._head

    def feed(self, data: bytes) -> None:
        """Some more of it. Raises `Malformed`."""
        self._buffer += data
        while not self.done and self._step():
            pass
        if self.done and self._buffer:
            self.reusable = False  # an answer to a question that nobody asked

    def closed(self) -> None:
        """The connection is closed, which is the end of an answer that says no other. `done` tells."""
        self.reusable = False
        self.done = self.done or self._step == self._rest

    def _head(self) -> bool:
        head = self._until(b"\r\n\r\n")
        if head is None:
            return False
        line = _LINE.match(head)
        if line is None:
            raise Malformed("this is no status line of HTTP/1")
        self.status = int(line[2])
        if self.status < 200:
            if self.status == 101:
                raise Malformed("it changes to another protocol")
            return True  # the answer itself is still to come
        connection = b",".join(_CONNECTION.findall(head)).lower()
        self.reusable = b"close" not in connection if line[1] == b"1" else b"keep-alive" in connection
        self._step = self._body(head)
        return True

    def _body(self, head: bytes) -> Step:
        """How the body is delimited."""
        coding, lengths = _CODING.findall(head), {one.strip() for one in _LENGTH.findall(head)}
        if self._bodiless or self.status in (204, 304):
            return self._length  # of nothing
        if coding:
            return self._size if coding[-1].strip().lower().endswith(b"chunked") else self._rest
        if not lengths:
            return self._rest
        if len(lengths) > 1 or not (length := lengths.pop()).isdigit() or len(length) > 15:
            raise Malformed("its length is no number")
        self._left = int(length)
        return self._length

    def _length(self) -> bool:
        self.done = self._skipped()
        return False

    def _size(self) -> bool:
        line = self._until(b"\r\n")
        if line is None:
            return False
        size = line.split(b";")[0].strip()
        if not _HEX.fullmatch(size):
            raise Malformed("the size of a chunk is no number")
        self._left = int(size, 16) + 2  # and the end of its line
        self._step = self._chunk if self._left > 2 else self._trailer
        return True

    def _chunk(self) -> bool:
        if not self._skipped():
            return False
        self._step = self._size
        return True

    def _trailer(self) -> bool:
        line = self._until(b"\r\n")
        self.done = line == b""
        return bool(line)

    def _rest(self) -> bool:
        self._buffer.clear()
        return False

    def _until(self, end: bytes) -> bytes | None:
        """What comes before the next `end`, taken out together with it; None when it is not there yet."""
        at = self._buffer.find(end)
        if at < 0:
            if len(self._buffer) > HEAD_MAX:
                raise Malformed("its head is too large")
            return None
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return found

    def _skipped(self) -> bool:
        """Drops what is there of the `_left` bytes; whether all of them have been."""
        taken = min(self._left, len(self._buffer))
        del self._buffer[:taken]
        self._left -= taken
        return self._left == 0
