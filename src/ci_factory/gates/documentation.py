"""Whether the public names that the change adds are documented.

Score: 50 + 50 x documented / added; 100 when none was added. Tests do not count.
"""

from collections.abc import Mapping

from ci_factory.gates.change import is_test
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.gates.survey import FileFacts, Name, survey
from ci_factory.model.gate import Component, GateStatus, Reason

_SHARE = 50
_MAX_REASONS = 20


class DocumentationGate:
    """Scores; never fails."""

    component = Component.DOCUMENTATION

    def judge(self, subject: Subject) -> Judgement:
        """Compare the public names of the changed files before and after."""
        files = [path for path in subject.change.present(".py") if not is_test(path)]
        if not files:
            return Judgement(GateStatus.PASS, "no Python source changed", score=100)
        head, base = survey(subject, "head"), survey(subject, "base")
        added = [
            (path, name)
            for path in files
            for name in _added(_facts(head, path), base.get(subject.change.before(path) or ""))
        ]
        bare = [(path, name) for path, name in added if not name.documented]
        lost = _SHARE * len(bare) / len(added) if added else 0
        return Judgement(
            GateStatus.PASS,
            f"{len(added) - len(bare)} of {len(added)} new public names documented"
            if added
            else "no new public name",
            score=100 - lost,
            reasons=_reasons(bare, lost),
            figures={"added": len(added), "documented": len(added) - len(bare)},
        )


def _facts(facts: Mapping[str, FileFacts], path: str) -> FileFacts:
    if path not in facts or facts[path].error is not None:
        raise Unmeasurable(f"{path} does not parse")
    return facts[path]


def _added(head: FileFacts, base: FileFacts | None) -> list[Name]:
    if base is not None and base.error is not None:
        return []  # what did not parse has no "before"
    known = {name.name for name in base.names} if base else set()
    seen: dict[str, Name] = {}
    for name in head.names:
        if name.name not in known:
            seen.setdefault(name.name, name)
    return list(seen.values())


def _reasons(bare: list[tuple[str, Name]], lost: float) -> tuple[Reason, ...]:
    share = lost / len(bare) if bare else 0
    reasons = [
        Reason(
            component=Component.DOCUMENTATION,
            points=share,
            message=f"{name.name} has no docstring",
            path=path,
            line=name.line,
        )
        for path, name in bare[:_MAX_REASONS]
    ]
    if len(bare) > _MAX_REASONS:
        rest = len(bare) - _MAX_REASONS
        reasons.append(
            Reason(component=Component.DOCUMENTATION, points=share * rest, message=f"{rest} more have none")
        )
    return tuple(reasons)
