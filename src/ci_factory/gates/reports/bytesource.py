"""The first look at a report file: what is refused before any parser sees it."""

from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.limits import CHUNK, MAX_FILE_BYTES

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_FIX_PACKED = "unpack it in the job that wrote it"


class ByteSource:
    """Reads a stream in pieces, not beyond the limit, and refuses packed files."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read from where the stream stands."""
        self._stream, self._total = stream, 0

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes, empty at the end.

        Raises:
            ArtifactError: the file is packed, too large, or can't be read.
        """
        try:
            data = self._stream.read(size)
        except OSError as error:
            raise ArtifactError(f"can't be read: {error.strerror}") from error
        if not self._total:
            refuse_packed(data)
        self._total += len(data)
        if self._total > MAX_FILE_BYTES:
            raise ArtifactError(f"is larger than {MAX_FILE_BYTES} bytes", fix="split it")
        return data


def refuse_packed(head: bytes) -> None:
    """Packed files may be bombs, and no tool writes them without being asked.

    Raises:
        ArtifactError: it is one.
    """
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise ArtifactError(f"is packed ({name})", fix=_FIX_PACKED)
