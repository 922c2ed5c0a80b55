"""Which files are meant: globs of the caller, expanded in a fixed order."""

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ci_factory.errors import ArtifactError, UsageError
from ci_factory.gates.reports import detection, gitlab
from ci_factory.gates.reports.bytesource import refuse_packed
from ci_factory.gates.reports.formats import FORMATS, Format
from ci_factory.gates.reports.limits import MAX_FILES

_NAMED = re.compile(r"([a-z][a-z-]*)=(.+)", re.DOTALL)
_FIX_UNKNOWN = "name its format: --reports FORMAT=FILE, one of " + ", ".join(FORMATS)


@dataclass(frozen=True)
class Source:
    """One report file, or a pattern that matches none."""

    name: str
    """The path, as the caller's pattern gives it."""
    path: Path | None
    """`None` when nothing matches."""
    format: str | None = None
    """As the caller named it."""


def expand(patterns: Sequence[str], folder: Path) -> tuple[Source, ...]:
    """Files of all patterns (`FORMAT=GLOB` or `GLOB`, with `**`), relative to `folder`; sorted, each file once.

    Raises:
        UsageError: there is no such format, or there are too many files.
    """
    found: dict[str, Source] = {}
    for pattern in patterns:
        for source in _expanded(pattern, folder):
            known = found.get(source.name)
            if known is None or known.format is None:
                found[source.name] = source
            elif source.format not in {None, known.format}:
                what = f"{source.name} can't be both {known.format} and {source.format}"
                raise UsageError(what, where="--reports", fix="name one format for it")
        if len(found) > MAX_FILES:
            raise UsageError(f"more than {MAX_FILES} report files", where="--reports", fix="narrow the globs")
    return tuple(found[name] for name in sorted(found))


def _expanded(pattern: str, folder: Path) -> Iterator[Source]:
    name, text = _split(pattern, folder)
    # Path.glob takes no absolute patterns
    matches = glob.glob(text, root_dir=folder, recursive=True, include_hidden=True)  # noqa: PTH207 - see above
    if (folder / text).exists():  # a name with brackets in it
        matches.append(text)
    files = [each for each in matches if not (folder / each).is_dir()]
    if not files:
        yield Source(text, None, name)
    for each in files:
        yield Source(each, folder / each, name)


def _split(pattern: str, folder: Path) -> tuple[str | None, str]:
    named = _NAMED.fullmatch(pattern)
    if named is None or (folder / pattern).exists():
        return None, pattern
    if named[1] not in FORMATS:
        raise UsageError(
            f"there is no report format {named[1]!r}", where="--reports", fix=f"one of {', '.join(FORMATS)}"
        )
    return named[1], named[2]


def opened(source: Source) -> BinaryIO:
    """The file, to be closed by the caller.

    Raises:
        ArtifactError: it does not exist, is empty or can't be read.
    """
    if source.path is None:
        raise ArtifactError("is missing: no file matches", fix="look whether the job kept its artifact")
    if not source.path.is_file():
        raise ArtifactError("is not a plain file")
    try:
        if source.path.stat().st_size == 0:
            fix = "nobody can tell whether the tool ran; have it write its result (tsc: --diagnostics)"
            raise ArtifactError("is empty", fix=fix)
        return source.path.open("rb")
    except OSError as error:
        raise ArtifactError(f"can't be read: {error.strerror}") from error


def recognised(source: Source, stream: BinaryIO) -> Format:
    """Its format; the stream stands at its beginning again.

    Raises:
        ArtifactError: nobody can tell, or it is packed.
    """
    head = stream.read(detection.HEAD_BYTES)
    refuse_packed(head)
    stream.seek(0)
    name = source.format or detection.detect(source.name, head)
    if name is None:
        raise ArtifactError("is in no format that we know", fix=_FIX_UNKNOWN)
    if source.format is None and name in gitlab.TYPES.values():  # what it is stands at its end
        name = gitlab.format_of(stream)
        stream.seek(0)
    return FORMATS[name]
