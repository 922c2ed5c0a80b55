"""Signs that a test run was tampered with, the base's own oddities left out. Pure."""

from ci_factory.gates.testing.evidence import Evidence, new_hooks
from ci_factory.gates.testing.suite import Case


def manipulations(evidence: Evidence) -> list[str]:
    """What was seen on the head, or when the base's tests ran on its source, and not on the base."""
    base = evidence.base.suite
    usual = {_kind(text) for text in base.anomalies} if base else set()
    seen = [*evidence.head.anomalies, *evidence.old.anomalies]
    if new_hooks(evidence.subject, evidence.head):
        seen += [f"{case.id} passes without running a line of its own" for case in unexecuted(evidence)]
    return [text for text in dict.fromkeys(seen) if _kind(text) not in usual]


def _kind(text: str) -> str:
    """An anomaly without the test that it is about."""
    return text.split(": ", 1)[0]


def unexecuted(evidence: Evidence) -> list[Case]:
    """Tests that passed although coverage saw no line of their function run, as far as functions were looked at."""
    own = evidence.head.own_lines
    seen = {name.split("::", 1)[0] for name in own}
    found = []
    for case in evidence.head.passed:
        function = evidence.functions.after.get((case.file, case.function))
        if (
            function
            and function.lines
            and case.file in seen
            and not function.lines & set(own.get(case.id, ()))
        ):
            found.append(case)
    return found
