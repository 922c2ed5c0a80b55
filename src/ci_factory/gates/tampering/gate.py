"""Blocks a change that makes itself look right; a person decides what it meant."""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ci_factory.gates.findings import clean
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.gates.tampering import module as modules
from ci_factory.gates.tampering.assertions import assertions
from ci_factory.gates.tampering.equality import always_equal
from ci_factory.gates.tampering.escapes import escapes
from ci_factory.gates.tampering.evidence import Evidence
from ci_factory.gates.tampering.hooks import hooks, patches
from ci_factory.gates.tampering.marks import marks
from ci_factory.gates.tampering.module import Module, Remark
from ci_factory.gates.tampering.shadowing import shadowed
from ci_factory.gates.tampering.special_cases import special_cases
from ci_factory.model.gate import Component, GateStatus, Reason

_MAX_REASONS = 50
_ADDED = {"A", "R", "C", "T"}


class TamperingGate:
    """Any detector's remark blocks."""

    component = Component.POLICY

    def judge(self, subject: Subject) -> Judgement:
        """Read the changed Python files of both sides, and the tests where the change answers by heart."""
        reasons = [*_files(subject), *_code(subject)]
        return Judgement(
            GateStatus.BLOCKED if reasons else GateStatus.PASS,
            f"{len(reasons)} signs of tampering" if reasons else "no sign of tampering",
            reasons=tuple(reasons[:_MAX_REASONS]),
            figures={"signs": len(reasons)},
        )


def _reason(path: str, said: str, line: int | None = None) -> Reason:
    return Reason(component=Component.POLICY, points=0, message=clean(said), path=clean(path), line=line)


def _files(subject: Subject) -> Iterator[Reason]:
    for change in subject.change.files:
        if change.status in _ADDED and (said := shadowed(change.path)):
            yield _reason(change.path, said)


def _code(subject: Subject) -> Iterator[Reason]:
    every = [entry.path for entry in subject.head_entries()]
    touched = set(subject.change.present())
    evidence = Evidence(
        lambda: subject.folder("head"), sorted(every, key=lambda path: (path not in touched, path))
    )
    for path in subject.change.present(".py"):
        for remark in sorted(
            _remarks(_module(subject, path), evidence), key=lambda each: (each.line, each.text)
        ):
            yield _reason(path, remark.text, remark.line)


def _remarks(module: Module, evidence: Evidence) -> Iterator[Remark]:
    yield from always_equal(module)
    yield from escapes(module)
    yield from assertions(module)
    yield from marks(module)
    yield from special_cases(module, evidence.together)
    if module.is_test:
        yield from hooks(module)
    if PurePosixPath(module.path).name == "conftest.py":
        yield from patches(module)


def _module(subject: Subject, path: str) -> Module:
    try:
        tree = modules.parse(_read(subject.part("head") / path))
    except ValueError as error:
        raise Unmeasurable(
            str(error), where=path, fix="run ci-factory with the Python version of the project"
        ) from error
    added = frozenset(line.number for line in subject.change.added.get(path, ()))
    return Module(path, tree, _before(subject, path), added)


def _before(subject: Subject, path: str) -> ast.Module | None:
    old = subject.change.before(path)
    if old is None:
        return None
    try:
        return modules.parse(_read(subject.part("base") / old))
    except ValueError:
        return None


def _read(file: Path) -> str:
    if file.stat().st_size > modules.MAX_BYTES:
        raise ValueError(f"it is larger than {modules.MAX_BYTES} bytes")
    return file.read_text(encoding="utf-8", errors="replace")
