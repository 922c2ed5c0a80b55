"""Runs all gates on one change at the same time."""

import os
import shutil
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from ci_factory.config import Config
from ci_factory.errors import FactoryError
from ci_factory.gates import roots
from ci_factory.gates.cache import Measurements
from ci_factory.gates.change import read_change
from ci_factory.gates.findings import clean
from ci_factory.gates.plan import Plan, Slot, check, make_plan
from ci_factory.gates.protocol import Gate, Judgement
from ci_factory.gates.redaction import without_secrets
from ci_factory.gates.subject import Subject
from ci_factory.model.gate import GateReport, GateResult, GateStatus, Reason
from ci_factory.system import process
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git

_LONGEST = ("semgrep", "tests", "mypy")
"""What usually takes longest starts first."""
_UNDISTURBED = frozenset({"semgrep", "tests"})
"""What everybody waits for in the end: the others' programs give way."""
_LEAST_AT_ONCE = 4


def run_gates(
    repo: Git, base: str, head: str, *, config: Config, scratch: Path, cache: Path | None = None, clock: Clock
) -> GateReport:
    """Judge the change from `base` to `head` (any revisions) and say what every enabled gate found.

    Works in a new folder below `scratch` that is gone afterwards; writes nothing into the repository. With `cache`
    (a folder), what was measured on a tree before is not measured again.

    Raises:
        RepositoryError: a revision does not exist.
        ConfigError: `gates.disabled` names no gate, or a gate of the project's own has a name that is taken.
        ArtifactError: the change is too large to be read.
    """
    check(config)
    change = read_change(repo, repo.resolve(base), repo.resolve(head))
    scratch.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=scratch.resolve(), prefix="gates-"))
    try:
        plan = make_plan(Subject.make(repo, change, config, work, Measurements(cache)))
        results = _run_all(plan, clock)
    finally:
        remove(work)
    every = {each.path for each in (*change.files, *change.odd)}
    report = GateReport(
        tree=change.head_tree,
        base=change.base,
        head=change.head,
        config_hash=config.hash,
        changed_files=tuple(sorted(every)),
        added_lines=change.added_lines,
        removed_lines=change.removed_lines,
        planned=tuple(slot.planned for slot in plan.slots),
        gates=results,
    )
    return without_secrets(report, repo)


def _run_all(plan: Plan, clock: Clock) -> tuple[GateResult, ...]:
    """In the order of the plan; what takes longest starts first."""
    with ThreadPoolExecutor(
        max(_LEAST_AT_ONCE, 2 * (os.cpu_count() or 1)), thread_name_prefix="gate"
    ) as pool:
        order = sorted(plan.slots, key=lambda slot: (*_LONGEST, slot.name).index(slot.name))
        running = {slot.full_name: pool.submit(_run, slot, plan.remarks, clock) for slot in order}
        return tuple(running[slot.full_name].result() for slot in plan.slots)


def _run(slot: Slot, remarks: tuple[Reason, ...], clock: Clock) -> GateResult:
    started = clock.monotonic()
    with nullcontext() if slot.name in _UNDISTURBED else process.yielding():
        judged = _judge(slot.gate, slot.subject)
    # how everything was measured is told once, with what else a person should know
    said = remarks if slot.full_name == "policy" else ()
    result = GateResult(
        gate=slot.full_name,
        component=slot.gate.component,
        root=slot.subject.root,
        status=judged.status,
        score=judged.score,
        summary=judged.summary,
        reasons=(*judged.reasons, *said),
        findings=judged.findings,
        figures=dict(judged.figures),
        tools=dict(judged.tools),
        cases=judged.cases,
        coverage=dict(judged.coverage),
        seconds=max(0.0, round(clock.monotonic() - started, 3)),
    )
    return roots.lifted(result) if result.root else result


def _judge(gate: Gate, subject: Subject) -> Judgement:
    try:
        return gate.judge(subject)
    except FactoryError as error:
        where = f"{error.where}: " if error.where else ""
        return _inconclusive(gate, f"{where}{error.what}", error.fix)
    except Exception as error:  # noqa: BLE001 - one gate's mistake must neither pass nor take the others down
        return _inconclusive(gate, f"the gate failed by itself: {type(error).__name__}: {error}", "")


def _inconclusive(gate: Gate, what: str, fix: str) -> Judgement:
    text = clean(what)
    reasons = (Reason(component=gate.component, points=0, message=clean(f"to do: {fix}")),) if fix else ()
    return Judgement(GateStatus.INCONCLUSIVE, text, reasons=reasons)


def remove(folder: Path) -> None:
    """Remove what tests may have made hard to remove."""
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
