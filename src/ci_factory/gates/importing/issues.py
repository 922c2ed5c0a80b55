"""Judges what scanners and linters reported, one gate for each tool."""

from collections import Counter
from dataclasses import dataclass, field

from ci_factory.gates.findings import clean
from ci_factory.gates.importing.newness import Newness
from ci_factory.gates.importing.tally import Tally
from ci_factory.gates.importing.trees import Tree
from ci_factory.gates.reports.formats import Format
from ci_factory.gates.reports.model import Issue
from ci_factory.model.gate import Component, GateResult, GateStatus, Severity

_Key = tuple[str, str, Component]
"""Format, tool, component."""


@dataclass
class IssueGates:
    """All issues of all reports, by gate."""

    newness: Newness
    tallies: dict[_Key, Tally] = field(default_factory=dict)
    fails_at: dict[str, Severity] = field(default_factory=dict)
    expected: set[_Key] = field(default_factory=set)
    """Tools that reported on the base."""

    def ran(self, form: Format, tool: str, component: Component) -> Tally:
        """A tool reported, be it nothing."""
        self.fails_at[form.name] = form.fails_at
        return self.tallies.setdefault((form.name, tool, component), Tally())

    def take(self, form: Format, issue: Issue) -> None:
        """Count one issue of the head."""
        key = form.name, issue.tool, issue.component
        tally = self.tallies.get(key)
        if tally is None:
            tally = self.ran(form, issue.tool, issue.component)
        tally.add(issue, new=self.newness.is_new(identity(form, issue), issue))

    def results(self, tree: Tree | None) -> list[GateResult]:
        """One result for each tool and component, sorted by name."""
        meant = self._meant()
        times = Counter(key[:2] for key in meant)
        found = [
            self._result(_name(key, alone=times[key[:2]] == 1), key, tally, tree)
            for key, tally in meant.items()
        ]
        ran = {key[:2] for key in self.tallies}
        found += [_missing(*key) for key in self.expected if key[:2] not in ran]
        return sorted(found, key=lambda result: result.gate)

    def _meant(self) -> dict[_Key, Tally]:
        """Without the tallies of a tool that stayed empty while another component of the same tool did not."""
        full = {key[:2] for key, tally in self.tallies.items() if tally.new or tally.old}
        return {
            key: tally
            for key, tally in self.tallies.items()
            if tally.new or tally.old or key[:2] not in full or key[2] is Component.SECURITY
        }

    def _result(self, name: str, key: _Key, tally: Tally, tree: Tree | None) -> GateResult:
        form, _, component = key
        status, score = self._judge(form, component, tally)
        return GateResult(
            gate=name,
            component=component,
            status=status,
            score=score,
            summary=_summary(tally, self.newness),
            findings=tally.findings(tree),
            figures={
                **{severity.value: tally.new[severity] for severity in Severity},
                "new": tally.new.total(),
                "old": tally.old,
                "suppressed": tally.suppressed,
            },
        )

    def _judge(self, form: str, component: Component, tally: Tally) -> tuple[GateStatus, float | None]:
        """Security: critical and high block. Syntax: errors fail, warnings are shown (SPEC 5.1, 5.3)."""
        bound = Severity.HIGH if component is Component.SECURITY else self.fails_at[form]
        bad = any(count for severity, count in tally.new.items() if severity.rank <= bound.rank)
        if component is Component.SECURITY:
            return (GateStatus.BLOCKED if bad else GateStatus.PASS), None
        return (GateStatus.FAIL, 0) if bad else (GateStatus.PASS, 100)


def _name(key: _Key, *, alone: bool) -> str:
    form, tool, component = key
    name = f"{form}:{clean(tool)[:60]}"
    return name if alone else f"{name} ({component})"


def _missing(form: str, tool: str, component: Component) -> GateResult:
    return GateResult(
        gate=f"{form}:{clean(tool)[:60]}",
        component=component,
        status=GateStatus.INCONCLUSIVE,
        summary=f"there is a report of {clean(tool)[:60]} on the base, and none on the head",
    )


def identity(form: Format, issue: Issue) -> str:
    """What an issue of the base has to share with one of the head to be the same."""
    return f"{form.name}:{issue.tool}"


def _summary(tally: Tally, newness: Newness) -> str:
    counts = ", ".join(f"{tally.new[severity]} {severity}" for severity in Severity if tally.new[severity])
    fresh = tally.new.total()
    text = f"{fresh or 'no'} new finding{'' if fresh == 1 else 's'}{f' ({counts})' if counts else ''}"
    old = f", {tally.old} from before not counted" if tally.old else ""
    hidden = f", {tally.suppressed} marked as suppressed" if tally.suppressed else ""
    return f"{text}{old}{hidden}; {newness.words}" if fresh or tally.old else f"{text}{hidden}"
