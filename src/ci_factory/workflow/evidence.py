"""Whether a verdict that another job made may be shown on a merge request: strictly read, whole, and about this change."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pathspec import GitIgnoreSpec

from ci_factory.config import Config
from ci_factory.errors import ArtifactError
from ci_factory.model.base import Artifact
from ci_factory.model.gate import GateReport, Score, Verdict
from ci_factory.model.protected import PIPELINE, pipeline_files
from ci_factory.scoring.score import score_report
from ci_factory.system import archives, records
from ci_factory.system.git import Git

FOLDER = "ci-factory-gates"
"""Where the component's gates job leaves its artifacts."""
GATE, SCORE = "gate.json", "score.json"
ARCHIVE_BYTES = 16 * 1024 * 1024
"""The largest archive of artifacts that is read."""
FILE_BYTES = 32 * 1024 * 1024
"""The largest gate.json or score.json in it."""
_ALWAYS = frozenset({"policy", "tampering"})
"""Gates that are planned for every change, in whatever language."""
ArtifactT = TypeVar("ArtifactT", bound=Artifact)


@dataclass(frozen=True)
class Evidence:
    """A judgement and its score."""

    report: GateReport
    score: Score


@dataclass(frozen=True)
class Bound:
    """The change that a judgement has to be about, as the forge and git know it."""

    head: str
    tree: str
    base: str
    config: Config
    """The base's."""


def from_folder(folder: Path) -> Evidence:
    """What a gates job left in a folder.

    Raises:
        ArtifactError: a file is missing, too large or not what it should be.
    """
    report = records.read_model(folder / GATE, GateReport, limit=FILE_BYTES)
    return Evidence(report, records.read_model(folder / SCORE, Score, limit=FILE_BYTES))


def from_archive(data: bytes) -> Evidence:
    """What a gates job left in its archive of artifacts.

    Raises:
        ArtifactError: it is no sound archive, or a file is missing, too large or not what it should be.
    """
    names = (f"{FOLDER}/{GATE}", f"{FOLDER}/{SCORE}")
    found = archives.read_members(data, names, limit=FILE_BYTES)
    return Evidence(_parsed(found, names[0], GateReport), _parsed(found, names[1], Score))


def _parsed(found: Mapping[str, bytes], name: str, kind: type[ArtifactT]) -> ArtifactT:
    if name not in found:
        raise ArtifactError("is missing", where=name)
    return records.parse_model(found[name], kind, where=name)


def is_of(evidence: Evidence, bound: Bound) -> bool:
    """Whether the judgement is about this very commit and its tree."""
    judged = {(each.head, each.tree) for each in (evidence.report, evidence.score)}
    return judged == {(bound.head, bound.tree)}


def objection(evidence: Evidence, bound: Bound) -> str | None:
    """Why the judgement can't stand for this change; `None` when it can. No check makes a forged one impossible."""
    if not is_of(evidence, bound):
        return "what the gates left is about another commit"
    if evidence.report.base != bound.base:
        return "the change was compared with another base than the merge request shows"
    return flaw(evidence, bound.config)


def flaw(evidence: Evidence, config: Config) -> str | None:
    """Why the judgement is not one that gates with this configuration give; `None` when it may be."""
    report = evidence.report
    if report.config_hash != config.hash:
        return "the gates ran with another configuration than the base's .ci-factory.yml"
    if gone := _not_there(report, config):
        return f"gates are missing: {', '.join(gone[:10])}"
    if score_report(report, config.gates) != evidence.score:
        return "score.json is not what gate.json comes to"
    return None


def _not_there(report: GateReport, config: Config) -> list[str]:
    """Gates that every run has, and planned ones without exactly one result."""
    planned = [each.gate for each in report.planned]
    results = [each.gate for each in report.gates]
    absent = {name for name in _ALWAYS if name not in planned and name not in config.gates.disabled}
    return sorted(absent | {name for name in planned if results.count(name) != 1})


def suspicious(git: Git, evidence: Evidence, bound: Bound) -> str | None:
    """Why a pass is not believed although everything fits: the change edits the pipeline that said so."""
    if evidence.score.verdict is not Verdict.PASS:
        return None
    parts = (name for side in (bound.base, bound.head) for name in _parts(git, side))
    spec = GitIgnoreSpec.from_lines([*PIPELINE, *parts])
    changes = git.changes(bound.base, bound.head)
    touched = sorted(
        each.path for each in changes if spec.match_file(each.path) or spec.match_file(each.old_path)
    )
    return f"the change edits what judged it: {', '.join(touched[:5])}" if touched else None


def _parts(git: Git, commit: str) -> tuple[str, ...]:
    """Patterns of what the pipeline of a commit is made of."""

    def paths() -> list[str]:
        return git.text("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split("\0")

    return pipeline_files(lambda path: git.show(commit, path) or "", paths)
