"""How much cyclomatic complexity the change adds, by radon.

Score: 100 - 2 x (complexity of the changed files after - before), between 0 and 100. Tests do not count.
"""

import json
from collections.abc import Iterator

from ci_factory.gates.change import is_test
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tools import Tool, relative
from ci_factory.model.base import Json, Value
from ci_factory.model.gate import Component, GateStatus, Reason

RADON = Tool("radon")
POINTS = 2
"""Lost for each unit of complexity."""
_MAX_REASONS = 20


class Block(Value):
    """One function or method; `path` is the head's name of its file."""

    path: str
    name: str
    line: int
    complexity: int


class Blocks(Value):
    """All functions of the changed files of one side."""

    blocks: tuple[Block, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Head's names of files that do not parse."""

    @property
    def total(self) -> int:
        """Sum of their complexity."""
        return sum(block.complexity for block in self.blocks)

    def without(self, paths: tuple[str, ...]) -> "Blocks":
        """The same, these files left out."""
        return Blocks(blocks=tuple(block for block in self.blocks if block.path not in paths))


class ComplexityGate:
    """Scores; never fails."""

    component = Component.COMPLEXITY

    def judge(self, subject: Subject) -> Judgement:
        """Compare the sums of both sides, so that code that only moved costs nothing."""
        changes = [each for each in subject.change.files if _counts(each.path) or _counts(each.old_path)]
        if not changes:
            return Judgement(GateStatus.PASS, "no Python source changed", score=100)
        version = RADON.version()
        after = {each.path: each.path for each in changes if each.status != "D" and _counts(each.path)}
        before = {
            each.old_path: each.path for each in changes if each.status != "A" and _counts(each.old_path)
        }
        head, base = _measure(subject, "head", after, version), _measure(subject, "base", before, version)
        if head.unreadable:
            raise Unmeasurable(f"{head.unreadable[0]} does not parse")
        # What did not parse on the base has no "before": such a file is left out.
        head = head.without(base.unreadable)
        net = head.total - base.total
        return Judgement(
            GateStatus.PASS,
            f"{net:+d} cyclomatic complexity",
            score=max(0, min(100, 100 - POINTS * net)),
            reasons=_reasons(head, base, net),
            figures={"added": net, "before": base.total, "after": head.total},
            tools={"radon": version},
        )


def _counts(path: str) -> bool:
    return path.endswith(".py") and not is_test(path)


def _measure(subject: Subject, side: SideName, names: dict[str, str], version: str) -> Blocks:
    if not names:
        return Blocks()
    key = {"tool": "radon", "version": version, "files": names}
    return subject.measure(side, key, Blocks, lambda: _read(subject, side, names))


def _read(subject: Subject, side: SideName, names: dict[str, str]) -> Blocks:
    folder = subject.folder(side)
    # radon would take settings from its current folder: it gets an empty one and absolute paths
    places = [str(folder / path) for path in names]
    done = RADON.run(subject, ["cc", "-j", *places], cwd=subject.scratch / "tmp", expected=frozenset({0}))
    try:
        report = json.loads(done.stdout)
        found = {relative(path, folder): rows for path, rows in report.items()}
        unreadable = tuple(names[path] for path, rows in found.items() if isinstance(rows, dict))
        return Blocks(blocks=tuple(_blocks(found, names)), unreadable=unreadable)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unmeasurable(f"radon's report can't be read: {error}") from error


def _blocks(found: dict[str, Json], names: dict[str, str]) -> Iterator[Block]:
    for path, rows in found.items():
        for row in rows if isinstance(rows, list) else ():
            if row["type"] != "class":  # its methods are listed by themselves
                owner = f"{row['classname']}." if row.get("classname") else ""
                name, line = f"{owner}{row['name']}", row["lineno"]
                yield Block(path=names[path], name=name, line=line, complexity=row["complexity"])


def _reasons(head: Blocks, base: Blocks, net: int) -> tuple[Reason, ...]:
    """The functions that grew most, until all lost points are told."""
    before = {(block.path, block.name): block.complexity for block in base.blocks}
    grown = [(block.complexity - before.get((block.path, block.name), 0), block) for block in head.blocks]
    left = min(100, POINTS * net)
    reasons: list[Reason] = []
    for delta, block in sorted(grown, key=lambda each: (-each[0], each[1].path, each[1].line)):
        if delta <= 0 or left <= 0:
            break
        last = len(reasons) == _MAX_REASONS - 1
        points = left if last else min(left, POINTS * delta)
        text = f"{block.name} adds {delta} cyclomatic complexity{', others more' if last else ''}"
        reasons.append(
            Reason(
                component=Component.COMPLEXITY, points=points, message=text, path=block.path, line=block.line
            )
        )
        left -= points
    return tuple(reasons)
