"""The body of an agent's request, framed anew on its way to the model's server."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message

from ci_factory.system.model_request import Refused

PIECE = 64 * 1024
"""Bytes that are passed on at a time."""


@dataclass(frozen=True)
class Body:
    """Of one request, as it is read from the agent."""

    length: int | None
    """`None` when it comes in chunks."""
    line: Callable[[int], bytes]
    read: Callable[[int], bytes]

    @classmethod
    def of(cls, headers: Message, line: Callable[[int], bytes], read: Callable[[int], bytes]) -> "Body":
        """Of a request whose head was read. Raises `Refused` when its framing is not plain."""
        lengths = headers.get_all("Content-Length", [])
        codings = headers.get_all("Transfer-Encoding", [])
        plain = all(re.fullmatch(r"\d{1,12}", one, re.ASCII) for one in lengths)
        if len(lengths) + len(codings) > 1 or not plain or {one.lower() for one in codings} - {"chunked"}:
            raise Refused(400, "the request's length can't be read")
        length = None if codings else int(next(iter(lengths), "0"))
        return cls(length, line, read)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """How it is announced."""
        if self.length is None:
            return (("Transfer-Encoding", "chunked"),)
        return (("Content-Length", str(self.length)),)

    def pieces(self) -> Iterator[bytes]:
        """What is sent on. Raises `Refused` when the agent breaks off."""
        if self.length is not None:
            yield from self._exactly(self.length)
            return
        while size := self._size():
            yield b"%x\r\n" % size
            yield from self._exactly(size)
            yield b"\r\n"
            self.line(PIECE)
        yield b"0\r\n\r\n"  # trailers are not passed on

    def _size(self) -> int:
        word = self.line(PIECE).split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,10}", word):
            raise Refused(400, "the request is not whole")
        return int(word, 16)

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self.read(min(size, PIECE))
            if not piece:
                raise Refused(400, "the request is not whole")
            size -= len(piece)
            yield piece
