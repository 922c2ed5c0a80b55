"""Reports on GitLab that are killed at any write, snippets, and the store that is kept from run to run."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ci_factory.cli import main
from ci_factory.metrics import storing
from tests.gitlab_standin.control import Fault, Job, StandIn
from tests.workflow.gitlab_line import GitLabLine
from tests.workflow.kill_table import KILLED, Call
from tests.workflow.reported_nights import project, repository, shown

sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
METRICS, REPORTS = "ci-factory-metrics", "factory-report"
STORE, FACTS = ".ci-factory/metrics.sqlite3", ".ci-factory/facts.json"


@pytest.fixture(scope="module")
def line(gitlab_server: StandIn, tmp_path_factory: pytest.TempPathFactory) -> GitLabLine:
    """A night that was run, and published; one item in the review queue is an alert."""
    made = project(gitlab_server, repository(tmp_path_factory.mktemp("killed") / "repo"))
    assert made.command("run") == 0
    with (made.repo / ".ci-factory.yml").open("a", encoding="utf-8") as file:
        file.write("alerts: {period: {review_queue: {alert: 0}}}\n")
    return made


def snippets(line: GitLabLine) -> list[str]:
    return [each.title for each in line.project.snippets.list(get_all=True)]


def clean(line: GitLabLine) -> None:
    for report in shown(line):
        line.project.issues.delete(int(report["id"]))
    for snippet in line.project.snippets.list(get_all=True):
        snippet.delete()


def left(line: GitLabLine) -> Any:
    """What is there, without numbers and times."""
    reports = [
        (each["title"], each["body"].split("_Written")[0], sorted(each["labels"]), len(each["notes"]))
        for each in shown(line)
    ]
    return reports, snippets(line)


@pytest.mark.parametrize(
    ("before", "words", "writes"),
    [
        ((), ("report", "--post"), 1),
        pytest.param(("report", "--weekly", "--post"), ("report", "--post"), 1, marks=pytest.mark.long),
        ((), ("report", "--weekly", "--post"), 2),
        pytest.param(("report", "--post"), ("report", "--weekly", "--post"), 1, marks=pytest.mark.long),
        pytest.param((), ("report", "--monthly", "--post", "snippet"), 1, marks=pytest.mark.long),
        ((), ("report", "--alerts", "--post"), 3),
    ],
    ids=["new", "changed", "weekly-alone", "weekly", "snippet", "alerts"],
)
def test_a_kill_at_any_write_leaves_one_report(
    line: GitLabLine, gitlab_server: StandIn, before: tuple[str, ...], words: tuple[str, ...], writes: int
) -> None:
    """SIGKILL before and after the effect of every write, and one more run: exactly what an unkilled run leaves."""

    def start() -> None:
        clean(line)
        assert not before or line.command(*before) == 0
        gitlab_server.forget_requests()

    start()
    assert line.command(*words) == 0
    calls = [Call(place, request) for place, request in enumerate(gitlab_server.requests())]
    expected, found = left(line), [call for call in calls if call.writes]
    assert len(found) == writes
    for call in found:
        for moment in ("before", "after"):
            start()
            process, what = line.held(*words), f"kill-{moment}"
            gitlab_server.fault(Fault(what, skip=call.place, times=1, pid=process.pid))  # type: ignore[arg-type]  # a Literal
            assert process.go() == KILLED
            gitlab_server.clear_faults()
            assert line.command(*words) == 0
            assert left(line) == expected, (call, moment)


def test_a_weekly_snippet_is_made_once(line: GitLabLine) -> None:
    """Posting the week again makes no second snippet, and no issue is needed for it."""
    clean(line)
    for _ in range(2):
        assert line.command("report", "--weekly", "--post", "snippet") == 0
    (title,) = snippets(line)
    assert title.startswith("ci-factory: weekly report 20")
    assert shown(line) == []


Collect = Callable[..., tuple[dict[str, Any], str]]


@pytest.fixture
def collect(
    line: GitLabLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Collect]:
    """`collect(*options)`: the facts that `ci-factory collect` finds in a fresh clone, and what it says on stderr."""
    for name, value in line.environment().items():
        monkeypatch.setenv(name, value)
    clone = Path(shutil.copytree(line.repo, tmp_path / "clone", ignore=shutil.ignore_patterns(".ci-factory")))

    def run(*options: str) -> tuple[dict[str, Any], str]:
        assert main.run(["collect", "--repo", str(clone), *options]) == 0
        said = capsys.readouterr().err
        return json.loads((clone / FACTS).read_text("utf-8")), said

    yield run
    capsys.readouterr()


def _file(line: GitLabLine, name: str, tmp_path: Path) -> bytes:
    """facts.json or the store, as a job with all artifacts leaves it."""
    out = Path(shutil.copytree(line.out, tmp_path / "whole"))
    words = ["collect", "--repo", str(line.repo), "--out", str(out), "--store"]
    assert main.run(words) == 0
    return (out / Path(name).name).read_bytes()


def _leave(line: GitLabLine, job: str, files: dict[str, bytes], ref: str = "main", **given: Any) -> int:
    pipeline = {"source": "schedule", **given}
    return line.server.pipeline(line.id, ref, jobs=(Job(job, files=files),), **pipeline)


def test_the_store_comes_back_from_the_newest_job(line: GitLabLine, collect: Collect, tmp_path: Path) -> None:
    """What only artifacts knew is known from the store that the last job left, and is in the new one again."""
    bare, said = collect("--store", "--restore", f"{METRICS}-never")
    assert (bare["predictions"], "beginning anew" in said) == ([], True)
    _leave(line, METRICS, {STORE: _file(line, STORE, tmp_path)})
    whole, said = collect("--store", "--restore", METRICS)
    assert "the store of job" in said
    assert len(whole["batches"]) == 1
    assert {each["ticket"] for each in whole["predictions"]} == {"1", "2", "3"}
    assert {each["ticket"] for each in whole["attempts"]} == {"1", "2", "3"}
    assert bare["attempts"] == whole["attempts"]
    with storing.opened(f"sqlite:///{tmp_path / 'clone' / STORE}", create=False) as store:
        assert len(store.load().batches) == 1


@pytest.mark.parametrize("case", ["branch", "merge request", "other job", "failed", "damaged", "no database"])
def test_a_store_that_nobody_vouches_for_is_not_taken(
    line: GitLabLine, collect: Collect, tmp_path: Path, case: str
) -> None:
    """Of another branch, a merge request or another job, damaged, or none at all: an empty store is begun instead."""
    good, name = _file(line, STORE, tmp_path), f"metrics-{case.replace(' ', '-')}"
    files = {
        "damaged": good[:8192] + b"\xff" * 4096 + good[12288:],
        "no database": b"#!/bin/sh\n" + good,
    }
    given: dict[str, dict[str, Any]] = {
        "branch": {"ref": "factory/1-add-value-1"},
        "merge request": {"ref": "refs/merge-requests/1/head", "source": "merge_request_event"},
        "other job": {"job": "somebody-elses"},
    }
    words = {"job": name, "files": {STORE: files.get(case, good)}, **given.get(case, {})}
    if case == "failed":
        job = Job(name, status="failed", files=words["files"])
        line.server.pipeline(line.id, "main", source="schedule", jobs=(job,))
    else:
        _leave(line, **words)
    facts, said = collect("--store", "--restore", name)
    assert facts["predictions"] == []
    assert f"no earlier store of {name}: beginning anew" in said
    assert ("left out: the store of job" in said) is (case in {"damaged", "no database"})
    with storing.opened(f"sqlite:///{tmp_path / 'clone' / STORE}", create=False) as store:
        assert len(store.load().tickets) == 3


def test_what_lay_there_is_replaced(line: GitLabLine, collect: Collect, tmp_path: Path) -> None:
    """A store that a runner's folder still had from some other job is not believed."""
    stale = tmp_path / "clone" / STORE
    stale.parent.mkdir()
    stale.write_bytes(_file(line, STORE, tmp_path))
    facts, _ = collect("--store", "--restore", "metrics-of-nobody")
    assert facts["predictions"] == []


def test_facts_of_nights_are_taken_from_their_report_jobs(
    line: GitLabLine, collect: Collect, tmp_path: Path
) -> None:
    """What the report job of a batch collected is added; damaged facts are named and passed over."""
    _leave(line, REPORTS, {FACTS: _file(line, FACTS, tmp_path)})
    _leave(line, REPORTS, {FACTS: b'{"tickets": 7}'})
    facts, said = collect("--store", "--facts-of", json.dumps([REPORTS, "another"]))
    assert len(facts["batches"]) == 1
    assert len(facts["attempts"]) == 3
    assert "left out: facts.json of job" in said


def test_restoring_needs_gitlab_and_a_store(
    new_repo: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a store of our own to restore, or without GitLab, it says what is missing."""
    repo = str(new_repo({"a": "b\n"}))
    assert main.run(["collect", "--repo", repo, "--restore", METRICS]) == 2
    assert "add --store" in capsys.readouterr().err
    assert main.run(["collect", "--repo", repo, "--store", "--restore", METRICS]) == 2
    assert "GitLab" in capsys.readouterr().err
