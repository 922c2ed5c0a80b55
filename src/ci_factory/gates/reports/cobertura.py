"""Cobertura's XML (coverage-04.dtd), as coverage.py, istanbul, gocover-cobertura, phpunit and others write it."""

import math
import re
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.covered import Covered
from ci_factory.gates.reports.model import CoverageReport
from ci_factory.gates.reports.reading import Reading, digits
from ci_factory.gates.reports.xmlstream import Attributes, Elements

_DTD = re.compile(r"(?:https?://cobertura\.sourceforge\.net/xml/)?coverage-0\d\.dtd")


def read(stream: BinaryIO, reading: Reading) -> CoverageReport:
    """Lines of all classes; what a file's classes and methods say is brought together.

    Raises:
        ArtifactError: it is not Cobertura, or names a line or a rate that can't be.
    """
    elements = _Cobertura(stream, reading)
    while elements.feed():
        pass
    return elements.covered.report()


def _plain_doctype(system: str | None) -> bool:
    return system is not None and _DTD.fullmatch(system) is not None


class _Cobertura(Elements):
    doctypes = staticmethod(_plain_doctype)

    def __init__(self, stream: BinaryIO, reading: Reading) -> None:
        super().__init__(stream)
        self.covered = Covered()
        self._reading, self._sources, self._path = reading, [""], ""
        self._inside = False

    def start(self, tag: str, attributes: Attributes) -> None:
        """`class` names the file of the lines below it."""
        if self.depth == 1:
            if tag != "coverage":
                raise ArtifactError(f"is not Cobertura: it begins with <{tag[:40]}>")
            _check_rate(attributes.get("line-rate"))
        elif tag == "source":
            self.listen()
        elif tag == "class":
            self._path, self._inside = self._located(attributes["filename"]), True
            self.covered.file(self._path)
        elif tag == "line" and self._inside:
            number = digits(attributes.get("number"), "as a line")
            self.covered.line(self._path, number, ran=digits(attributes.get("hits"), "hits") > 0)

    def end(self, tag: str) -> None:
        """Sources come before the classes."""
        if tag == "source" and self.text().strip():
            self._sources.append(self.text().strip().rstrip("/") + "/")
        elif tag == "class":
            self._inside = False

    def _located(self, name: str) -> str:
        """The file below one of the sources, else as it is named."""
        return self._reading.paths.first([f"{source}{name}" for source in reversed(self._sources)])


def _check_rate(text: str | None) -> None:
    if text is None:
        return
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= 1:
        raise ArtifactError(f"says a line rate of {text[:20]!r}, which is none")
