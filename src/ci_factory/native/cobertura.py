"""Cobertura XML of the changed files, for coverage marks in the diff. Without measured lines there is no document."""

import posixpath
from collections.abc import Mapping
from datetime import datetime
from xml.sax.saxutils import quoteattr

from ci_factory.model.gate import LineCoverage
from ci_factory.native.common import Judged, legal


def cobertura(judged: Judged) -> str | None:
    """The document; `None` when no line was measured."""
    files = {path: lines for path, lines in sorted(_files(judged).items()) if lines.executed or lines.missing}
    if not files:
        return None
    return _document(files, judged.finished, judged.version)


def _files(judged: Judged) -> dict[str, LineCoverage]:
    """Measured files by their path in the repository; what any of several gates ran, was run."""
    found: dict[str, LineCoverage] = {}
    for gate in judged.report.gates:
        for path, lines in gate.coverage.items():
            whole = f"{gate.root}/{path}" if gate.root else path
            found[whole] = _union(found[whole], lines) if whole in found else lines
    return found


def _union(one: LineCoverage, other: LineCoverage) -> LineCoverage:
    executed = {*one.executed, *other.executed}
    missing = {*one.missing, *other.missing} - executed
    return LineCoverage(executed=tuple(sorted(executed)), missing=tuple(sorted(missing)))


def _rate(files: Mapping[str, LineCoverage]) -> tuple[int, int, str]:
    covered = sum(len(set(each.executed)) for each in files.values())
    valid = covered + sum(len(set(each.missing)) for each in files.values())
    return covered, valid, f"{covered / valid:.4f}"


def _document(files: Mapping[str, LineCoverage], moment: datetime, version: str) -> str:
    covered, valid, rate = _rate(files)
    folders: dict[str, dict[str, LineCoverage]] = {}
    for path, lines in files.items():
        folders.setdefault(posixpath.dirname(path), {})[path] = lines
    head = (
        f'<coverage line-rate="{rate}" branch-rate="0" lines-covered="{covered}" lines-valid="{valid}" branches-covered="0"'
        f' branches-valid="0" complexity="0" version={quoteattr(version)} timestamp="{int(moment.timestamp())}">'
    )
    packages = [_package(folder, members) for folder, members in folders.items()]
    rows = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        head,
        "<sources><source>.</source></sources>",
        "<packages>",
    ]
    return "\n".join([*rows, *packages, "</packages>", "</coverage>", ""])


def _package(folder: str, files: Mapping[str, LineCoverage]) -> str:
    name = quoteattr(legal(folder.replace("/", ".") or "."))
    head = f'<package name={name} line-rate="{_rate(files)[2]}" branch-rate="0" complexity="0"><classes>'
    return "\n".join([head, *(_class(path, lines) for path, lines in files.items()), "</classes></package>"])


def _class(path: str, lines: LineCoverage) -> str:
    name, file = quoteattr(legal(posixpath.basename(path))), quoteattr(legal(path))
    hits = dict.fromkeys(lines.missing, 0) | dict.fromkeys(lines.executed, 1)
    rows = "".join(f'<line number="{number}" hits="{hits[number]}"/>' for number in sorted(hits))
    rate = _rate({path: lines})[2]
    return f'<class name={name} filename={file} line-rate="{rate}" branch-rate="0" complexity="0"><methods/><lines>{rows}</lines></class>'
