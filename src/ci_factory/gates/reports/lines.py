"""Files that are read line by line."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.bytesource import ByteSource
from ci_factory.gates.reports.jsonstream import decode
from ci_factory.gates.reports.limits import MAX_LINE_BYTES
from ci_factory.model.base import Json


def lines(stream: BinaryIO) -> Iterator[str]:
    """Lines without their ends; empty ones too.

    Raises:
        ArtifactError: a line is too long, or the file is not UTF-8 text.
    """
    source, rest = ByteSource(stream), b""
    first = True
    while data := source.read():
        if first and data.startswith(codecs.BOM_UTF8):
            data = data[len(codecs.BOM_UTF8) :]
        first = False
        *whole, rest = (rest + data).split(b"\n")
        yield from map(_text, whole)
        if len(rest) > MAX_LINE_BYTES:
            raise ArtifactError(f"has a line of more than {MAX_LINE_BYTES} bytes")
    if rest:
        yield _text(rest)


def objects(stream: BinaryIO) -> Iterator[dict[str, Json]]:
    """JSON objects, one on each line; empty lines are passed over.

    Raises:
        ArtifactError: as `lines`; or a line is not a JSON object.
    """
    for number, line in enumerate(lines(stream), 1):
        if not line.strip():
            continue
        try:
            value = decode(line)
        except ArtifactError as error:
            raise ArtifactError(f"line {number} {error.what}", fix=error.fix) from error
        if type(value) is not dict:
            raise ArtifactError(f"line {number} is not a JSON object")
        yield value


def _text(line: bytes) -> str:
    if b"\0" in line:
        raise ArtifactError("is not text: it holds a NUL byte")
    try:
        return line.decode("utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise ArtifactError("is not UTF-8", fix="have the tool write UTF-8") from error
