"""From what a tool saw on either side to findings that say whether the change brought them."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ci_factory.gates.subject import SideName, Subject
from ci_factory.model.base import Json, Value
from ci_factory.model.gate import Finding, Region, Severity

MAX_FINDINGS = 500
"""New findings, and old ones, that a report lists; figures count all of them."""
_MAX_MESSAGE = 500
_MAX_SNIPPET_LINES = 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")


class Observation(Value):
    """One thing that a tool saw on one side. Its path is the side's own."""

    rule: str
    severity: Severity
    message: str
    path: str
    region: Region | None = None
    snippet: str
    """What identifies it besides rule and path: the text it is about, not where it stands."""
    help: str = ""
    suppressed: bool = False
    """Marked so by the tool."""


class Observations(Value):
    """All that a tool saw on one side; only whole measurements exist."""

    seen: tuple[Observation, ...] = ()


Scan = Callable[[SideName, Sequence[str]], Observations]
"""Measures the given files of one side."""


def compare(
    subject: Subject, tool: str, files: Sequence[str], scan: Scan, settings: Json
) -> tuple[Finding, ...]:
    """Findings in the head's `files`, new ones first.

    The base is only looked at where the head has something to compare. `settings` is whatever else decides the
    tool's answer: version, rules, flags.
    """
    head = _measured(subject, "head", tool, files, scan, settings)
    noisy = sorted({observation.path for observation in head.seen})
    before = {old: path for path in noisy if (old := subject.change.before(path)) is not None}
    base = _measured(subject, "base", tool, sorted(before), scan, settings)
    renamed = [
        seen.model_copy(update={"path": before[seen.path]}) for seen in base.seen if seen.path in before
    ]
    known = _known(head.seen, renamed, {path: _added(subject, path) for path in noisy})
    found = [_finding(tool, mark, seen, is_new=mark not in known) for mark, seen in fingerprints(head.seen)]
    return tuple(sorted(found, key=_order))


def _known(
    head: Iterable[Observation], base: Iterable[Observation], added: Mapping[str, frozenset[int]]
) -> set[str]:
    """Fingerprints of the head's observations that the base has too, as often as the base has them.

    Of several that are equal, those on lines that the change did not touch are the old ones.
    """
    left = Counter(_identity(observation) for observation in base)
    marked = sorted(fingerprints(head), key=lambda each: _touches(each[1], added))
    old = set()
    for mark, observation in marked:
        identity = _identity(observation)
        if left[identity] > 0:
            left[identity] -= 1
            old.add(mark)
    return old


def _touches(observation: Observation, added: Mapping[str, frozenset[int]]) -> bool:
    return observation.region is not None and observation.region.line in added.get(observation.path, ())


def _added(subject: Subject, path: str) -> frozenset[int]:
    return frozenset(line.number for line in subject.change.added.get(path, ()))


def _measured(
    subject: Subject, side: SideName, tool: str, files: Sequence[str], scan: Scan, settings: Json
) -> Observations:
    if not files:
        return Observations()
    key = {"tool": tool, "files": list(files), "settings": settings}
    return subject.measure(side, key, Observations, lambda: scan(side, files))


def fingerprints(seen: Iterable[Observation]) -> Iterator[tuple[str, Observation]]:
    """Each observation with a mark made of rule, path, normalised snippet and occurrence, in order of place."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for observation in sorted(seen, key=_place):
        key = _identity(observation)
        counts[key] += 1
        text = "\0".join((*key, str(counts[key])))
        yield hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40], observation


def _identity(observation: Observation) -> tuple[str, str, str]:
    """What stays the same when lines move or are indented anew."""
    return observation.rule, observation.path, " ".join(observation.snippet.split())


def new(findings: Iterable[Finding]) -> list[Finding]:
    """Those that count: brought by the change and not suppressed."""
    return [finding for finding in findings if finding.is_new and not finding.suppressed]


def shortened(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """As many as a report can hold: the worst new ones, then old ones."""
    fresh = [finding for finding in findings if finding.is_new][:MAX_FINDINGS]
    old = [finding for finding in findings if not finding.is_new][:MAX_FINDINGS]
    return (*fresh, *old)


def clean(text: str) -> str:
    """A tool's words on one line: no control, invisible or direction-changing characters, bounded.

    Addresses of objects differ from run to run and say nothing: they are left out.
    """
    plain = _ADDRESS.sub("0x…", " ".join(_CONTROL.sub(" ", text).split()))
    return plain if len(plain) <= _MAX_MESSAGE else f"{plain[:_MAX_MESSAGE]}…"


def snippet(folder: Path, path: str, first: int, last: int | None = None) -> str:
    """Lines of a checkout's file; empty when they can't be read."""
    file = folder / path
    if file.is_symlink() or not file.is_file():
        return ""
    lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
    return "\n".join(lines[first - 1 : min(last or first, first + _MAX_SNIPPET_LINES)])


def summary(findings: Sequence[Finding], noun: str) -> str:
    """One line: how many are new, how many were there before."""
    fresh = len(new(findings))
    old = len(findings) - fresh
    text = f"{fresh or 'no'} new {noun}{'' if fresh == 1 else 's'}"
    return f"{text}, {old} from before not counted" if old else text


def _place(seen: Observation) -> tuple[str, int, int, str, str]:
    line, column = (seen.region.line, seen.region.column or 0) if seen.region else (0, 0)
    return seen.path, line, column, seen.rule, seen.message


def _order(finding: Finding) -> tuple[bool, int, str, int, str, str]:
    line = finding.region.line if finding.region else 0
    return (
        not finding.is_new,
        finding.severity.rank,
        finding.path,
        line,
        finding.rule,
        finding.fingerprint,
    )


def _finding(tool: str, mark: str, seen: Observation, *, is_new: bool) -> Finding:
    return Finding(
        tool=tool,
        rule=seen.rule,
        severity=seen.severity,
        message=clean(seen.message),
        path=seen.path,
        region=seen.region,
        fingerprint=mark,
        is_new=is_new,
        suppressed=seen.suppressed,
        help=seen.help,
    )
