"""What a change does to the project's dependencies: new, changed, removed, and whether each is what it seems.

A dependency runs with all rights of the project, so a person looks at each that is new. What is plainly wrong blocks:
a name that no index has, a name made to look like another, a place other than the configured index, code that runs
at installation, a licence that the project can't meet.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ci_factory.gates import findings
from ci_factory.gates.dependencies.asking import ask_index
from ci_factory.gates.dependencies.reading import changed_manifests, read_side
from ci_factory.gates.dependencies.words import allowed, host, observation, reason
from ci_factory.gates.findings import Observation
from ci_factory.gates.protocol import Judgement
from ci_factory.gates.subject import Subject
from ci_factory.manifests.compare import Difference, Differences, Step, asked_for, compare
from ci_factory.manifests.lookalike import resembles
from ci_factory.manifests.model import Dependency, Manifest, ManifestError, Setting, Source, UnreadManifest
from ci_factory.manifests.registry import is_lock
from ci_factory.model.gate import Component, Finding, GateStatus, Reason, Severity
from ci_factory.model.gate_settings import DependenciesConfig

_MAX_REASONS = 50
_PLACES = {
    Source.URL: "an address",
    Source.GIT: "a repository",
    Source.OUTSIDE: "a path outside of this repository",
}
_OFFICIAL = {
    "pypi.org",
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "repo.maven.apache.org",
    "repo1.maven.org",
    "repo.packagist.org",
}
_UNBOUND = re.compile(r"\s*|\*|x|latest|next|>=?\s*0[.0]*", re.IGNORECASE)


class DependenciesGate:
    """Blocks on what is plainly wrong, leaves what is new to a person, and asks the index before it believes a name."""

    component = Component.SECURITY

    def judge(self, subject: Subject) -> Judgement:
        """Read the manifests of both sides; ask the index only when a name is new."""
        changed = changed_manifests(subject)
        if not changed:
            return Judgement(GateStatus.PASS, "no manifest changed")
        renamed = {new: old for old, new in subject.change.renames.items()}
        base = read_side(subject, subject.change.base_tree, {renamed.get(path, path) for path in changed})
        head = read_side(subject, subject.change.head_tree, changed)
        found = compare(base.manifests, head.manifests, renamed, sorted(changed))
        asked, unknown = ask_index(subject, found)
        config = subject.config.gates.dependencies
        shown = [
            each for each in head.problems if isinstance(each, UnreadManifest) and not config.check_index
        ]
        unreadable = [_unreadable(each) for each in head.problems if each not in shown]
        problems = [*unreadable, *_computed(found), *unknown]
        seen = [*_observations(subject, found, head.manifests), *asked]
        remarks = [*map(_unreadable, shown), *_looks(config, found)]
        return _judgement(config, found, _as_findings(seen), problems, remarks)


def _unreadable(error: ManifestError) -> Reason:
    return reason(f"{error.what}: its dependencies are unknown", error.where)


def _computed(found: Differences) -> Iterator[Reason]:
    for path in found.computed:
        yield reason(
            "computes its dependencies: they are unknown without running it; write them as a list", path
        )


def _observations(
    subject: Subject, found: Differences, head: Mapping[str, Manifest]
) -> Iterator[Observation]:
    """What can be said without asking anybody."""
    config = subject.config.gates.dependencies
    wanted = asked_for(head)
    for each in found.dependencies:
        if each.step is not Step.REMOVED and not allowed(config, each.dependency):
            yield from _by_place(each)
            if each.step is Step.NEW and not each.known:
                yield from _by_name(
                    each, found, lone=each.dependency.key in wanted or _lock_alone(found, each)
                )
            if each.step is Step.NEW and not each.dependency.locked:
                yield from _by_spec(each)
    for path, setting in found.settings:
        yield from _by_setting(path, setting)


def _lock_alone(found: Differences, each: Difference) -> bool:
    """Whether a lock file changed with no manifest beside it that would explain why."""
    return all(
        is_lock(other.path)
        for other in found.dependencies
        if other.dependency.ecosystem is each.dependency.ecosystem
    )


def _by_place(each: Difference) -> Iterator[Observation]:
    if each.moved_source:
        now = each.dependency
        text = f"{now.spelled} comes from {_PLACES[now.source]}, not from the configured index"
        advice = "take it from the index, or let a person name it in gates.dependencies.allow"
        yield observation("foreign-dependency", Severity.HIGH, each.path, now.line, text, now.name, advice)


def _by_name(each: Difference, found: Differences, *, lone: bool) -> Iterator[Observation]:
    now = each.dependency
    if not lone or now.source is Source.INSIDE:
        return
    other = resembles(now.ecosystem, now.name, found.known.get(now.ecosystem, frozenset()))
    if other is not None:
        text = f"{now.spelled} is easily taken for {other}"
        advice = "check the spelling; if it is meant, name it in gates.dependencies.allow"
        yield observation("lookalike-dependency", Severity.HIGH, each.path, now.line, text, now.name, advice)


def _by_spec(each: Difference) -> Iterator[Observation]:
    now = each.dependency
    if now.source is Source.INDEX and _UNBOUND.fullmatch(now.spec):
        text = f"{now.spelled} is taken in whatever version is newest"
        advice = "bound the version, or lock it"
        yield observation("unpinned-dependency", Severity.LOW, each.path, now.line, text, now.name, advice)


def _by_setting(path: str, setting: Setting) -> Iterator[Observation]:
    if setting.kind == "script":
        severity = Severity.HIGH if setting.runs_always else Severity.MEDIUM
        text = f"script {setting.name} is new or changed: it runs when the project is installed"
        yield observation(
            "install-script", severity, path, setting.line, text, setting.name, "a person reads it"
        )
        return
    where = host(setting.value)
    if where not in _OFFICIAL:
        text = f"{setting.name} adds another place that packages come from: {where}"
        advice = "configure indexes outside of the change; two indexes let one stand in for the other"
        yield observation("foreign-index", Severity.HIGH, path, setting.line, text, setting.name, advice)


def _as_findings(seen: Iterable[Observation]) -> list[Finding]:
    marked = [
        Finding(
            tool="dependencies",
            rule=each.rule,
            severity=each.severity,
            message=findings.clean(each.message),
            path=each.path,
            region=each.region,
            fingerprint=mark,
            help=each.help,
        )
        for mark, each in findings.fingerprints(seen)
    ]
    return sorted(
        marked,
        key=lambda each: (each.severity.rank, each.path, each.region.line if each.region else 0, each.rule),
    )


def _judgement(
    config: DependenciesConfig,
    found: Differences,
    seen: Sequence[Finding],
    problems: Sequence[Reason],
    looks: Sequence[Reason],
) -> Judgement:
    severe = any(each.severity.rank <= Severity.HIGH.rank for each in seen)
    blocked = severe or (config.new == "block" and bool(looks))
    status = GateStatus.BLOCKED if blocked else GateStatus.INCONCLUSIVE if problems else GateStatus.PASS
    counts = Counter(each.step for each in found.dependencies)
    severities = Counter(each.severity for each in seen)
    return Judgement(
        status,
        _summary(counts, seen, problems),
        reasons=tuple([*problems, *looks][:_MAX_REASONS]),
        findings=findings.shortened(seen),
        figures={
            **{step.value: counts[step] for step in Step},
            **{each.value: severities[each] for each in Severity},
        },
    )


def _summary(counts: Counter[Step], seen: Sequence[Finding], problems: Sequence[Reason]) -> str:
    parts = [f"{counts[step] or 'no'} {step}" for step in Step]
    text = f"dependencies: {', '.join(parts)}"
    if seen:
        text += f"; {seen[0].message}" + (f", and {len(seen) - 1} more" if len(seen) > 1 else "")
    elif problems:
        text += f"; {problems[0].path or ''}: {problems[0].message}".replace("; : ", "; ")
    return findings.clean(text)


def _looks(config: DependenciesConfig, found: Differences) -> Iterator[Reason]:
    """Each new or changed dependency needs a person's look; what a lock file adds is told in one line."""
    if config.new == "allow":
        return
    locked: dict[str, list[str]] = {}
    for each in found.dependencies:
        if allowed(config, each.dependency):
            continue
        if each.dependency.locked:
            if each.step is Step.NEW:
                locked.setdefault(each.path, []).append(each.dependency.spelled)
        else:
            yield reason(
                _look(each), each.path, each.dependency.line if each.step is not Step.REMOVED else None
            )
    for path, names in sorted(locked.items()):
        shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")  # noqa: PLR2004 - as many as fit on a line
        yield reason(f"{len(names)} packages new in the lock file: {shown}", path)


def _look(each: Difference) -> str:
    name, spec = each.dependency.spelled, _shown(each.dependency)
    if each.step is Step.REMOVED:
        return f"dependency {name} is gone"
    if each.step is Step.CHANGED and each.before is not None:
        return f"require review: dependency {name} changed from {_shown(each.before)} to {spec}"
    return f"require review: new dependency {name} {spec}" + (
        " (the project has it elsewhere)" if each.known else ""
    )


def _shown(dependency: Dependency) -> str:
    if dependency.source in _PLACES:
        return (
            f"at {host(dependency.spec)}" if "://" in dependency.spec else f"at {_PLACES[dependency.source]}"
        )
    return dependency.spec or "(any version)"
