"""`--native`: a judgement as documents that GitLab and others show by themselves."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory import __version__
from ci_factory.cli import common

if TYPE_CHECKING:
    from ci_factory.model.gate import GateReport, Score

EVERYTHING = "all"
NOTE = "note"
NOTE_FILE = "note.md"
NAMES = ("code-quality", "junit", "cobertura", "sast", "secret-detection", "sarif", "openmetrics", NOTE)


def native_option(function: common.F) -> common.F:
    """`--native NAME`, repeatable."""
    return click.option(
        "--native",
        multiple=True,
        type=click.Choice([*NAMES, EVERYTHING]),
        help="Also write this report into OUT; can be repeated.  [default: none]",
    )(function)


def chosen(native: Sequence[str]) -> tuple[str, ...]:
    """The names that are meant, each once, in the order of the list."""
    return tuple(name for name in NAMES if name in native or EVERYTHING in native)


def remove_old(out: Path, native: Sequence[str]) -> None:
    """Take away what an earlier run left of the chosen documents: a stale one must not pass for this run's."""
    for name in chosen(native):
        (out / _file(name)).unlink(missing_ok=True)


def write(
    out: Path,
    native: Sequence[str],
    report: "GateReport",
    score: "Score",
    started: datetime,
    finished: datetime,
    *,
    hosts: Collection[str] = (),
) -> None:
    """Write the chosen documents; one that would say nothing (coverage that nobody measured) is not written.

    In the note, addresses of findings stay whose host is one of `hosts`.
    """
    from ci_factory.native.common import Judged
    from ci_factory.native.registry import DOCUMENTS
    from ci_factory.publishing.note import gate_note
    from ci_factory.system import records

    judged = Judged(report, score, __version__, started, finished)
    for name in chosen(native):
        text = gate_note(report, score, hosts=hosts) if name == NOTE else DOCUMENTS[name].write(judged)
        if text is not None:
            records.write_bytes(out / _file(name), text.encode())


def _file(name: str) -> str:
    from ci_factory.native.registry import DOCUMENTS

    return NOTE_FILE if name == NOTE else DOCUMENTS[name].file
