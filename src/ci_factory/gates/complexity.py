"""How much cyclomatic complexity the change adds, by radon for Python and by lizard for other languages.

Score: 100 - 2 x (complexity of the changed files after - before), between 0 and 100. Tests do not count.
"""

from ci_factory.gates.change import is_test
from ci_factory.gates.functions import LIZARD, OTHERS, RADON, Blocks, count
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.gates.tools import Tool
from ci_factory.model.gate import Component, GateStatus, Reason
from ci_factory.system.git import FileChange

POINTS = 2
"""Lost for each unit of complexity."""
_MAX_REASONS = 20
_SUFFIXES = ((RADON, (".py",)), (LIZARD, OTHERS))


class ComplexityGate:
    """Scores; never fails. Other languages than Python are optional: without lizard they are not counted."""

    component = Component.COMPLEXITY

    def judge(self, subject: Subject) -> Judgement:
        """Compare the sums of both sides, so that code that only moved costs nothing."""
        head = base = Blocks()
        versions: dict[str, str] = {}
        missing: list[Reason] = []
        for tool, suffixes in _SUFFIXES:
            changes = [each for each in subject.change.files if _counts(each, suffixes)]
            if not changes:
                continue
            if tool is LIZARD and not tool.installed():
                missing = [_remark(f"{len(changes)} files are not counted: lizard is not installed")]
                continue
            versions[tool.program] = tool.version()
            after, before = _both(subject, tool, suffixes, versions[tool.program])
            head, base = head + after, base + before
        if not versions:
            return _nothing(missing)
        return _judgement(head, base, versions, missing)


def _counts(change: FileChange, suffixes: tuple[str, ...]) -> bool:
    return _is_source(change.path, suffixes) or _is_source(change.old_path, suffixes)


def _is_source(path: str, suffixes: tuple[str, ...]) -> bool:
    return path.endswith(suffixes) and not is_test(path)


def _both(subject: Subject, tool: Tool, suffixes: tuple[str, ...], version: str) -> tuple[Blocks, Blocks]:
    files = subject.change.files
    after = {each.path: each.path for each in files if each.status != "D" and _is_source(each.path, suffixes)}
    before = {
        each.old_path: each.path
        for each in files
        if each.status != "A" and _is_source(each.old_path, suffixes)
    }
    found = count(subject, tool, {"base": before, "head": after}, version)
    head, base = found["head"], found["base"]
    if head.unreadable:
        raise Unmeasurable(f"{head.unreadable[0]} does not parse")
    # What did not parse on the base has no "before": such a file is left out.
    return head.without(base.unreadable), base


def _nothing(missing: list[Reason]) -> Judgement:
    if missing:
        return Judgement(GateStatus.SKIPPED, missing[0].message, reasons=tuple(missing))
    return Judgement(GateStatus.PASS, "no source changed", score=100)


def _judgement(head: Blocks, base: Blocks, versions: dict[str, str], missing: list[Reason]) -> Judgement:
    net = head.total - base.total
    return Judgement(
        GateStatus.PASS,
        f"{net:+d} cyclomatic complexity",
        score=max(0, min(100, 100 - POINTS * net)),
        reasons=(*_reasons(head, base, net), *missing),
        figures={"added": net, "before": base.total, "after": head.total},
        tools=versions,
    )


def _remark(text: str) -> Reason:
    return Reason(component=Component.COMPLEXITY, points=0, message=text)


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
