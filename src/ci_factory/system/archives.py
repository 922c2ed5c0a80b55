"""Archives made by others: only what is asked for is read, into memory, and never more of it than was said."""

import io
import stat
import zipfile
import zlib
from collections.abc import Collection

from ci_factory.errors import ArtifactError

MOST_ENTRIES = 20_000
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1


def read_members(data: bytes, names: Collection[str], *, limit: int) -> dict[str, bytes]:
    """The files of a zip archive with exactly these names, each of at most `limit` bytes; those it lacks are left out.

    Nothing is written anywhere, so a name with `..` leads nowhere; what the archive says of its sizes is not believed.

    Raises:
        ArtifactError: it is no archive, holds a wanted name twice or as a link, or a file is too large or damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            chosen = _chosen(archive.infolist(), names)
            return {info.filename: _content(archive, info, limit) for info in chosen}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        ValueError,
        OverflowError,
    ) as error:
        raise ArtifactError(f"is no sound zip archive: {type(error).__name__}", where="artifacts") from error


def _chosen(entries: list[zipfile.ZipInfo], names: Collection[str]) -> list[zipfile.ZipInfo]:
    if len(entries) > MOST_ENTRIES:
        raise ArtifactError(f"has more than {MOST_ENTRIES} entries", where="artifacts")
    found = [info for info in entries if info.filename in names]
    if len({info.filename for info in found}) != len(found):
        raise ArtifactError("holds a file twice", where="artifacts")
    return found


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    mode = info.external_attr >> 16
    odd = info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS
    if odd or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise ArtifactError("is no plain file", where=info.filename)
    with archive.open(info) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise ArtifactError(f"is larger than {limit} bytes", where=info.filename)
    return content
