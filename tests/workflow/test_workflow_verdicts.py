"""Verdicts that the project computes itself, on the GitLab stand-in: plan, gates without a token, notes.

The stand-in has no forks; a merge request from one differs in where its branch is, and all reads `refs/merge-requests/N/head`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_factory.cli import main
from ci_factory.model import block
from ci_factory.system.clock import SystemClock
from tests.gitlab_standin.control import Bridge, Fault, Job, StandIn
from tests.workflow.gitlab_line import BOSS, BOT, GitLabLine

CONFIG = "gates: {disabled: [semgrep, mypy, secrets, tests, dependencies, ruff]}\n"
HOSTILE = "evil-$(id)-`id`-${CI_FACTORY_TOKEN}"
_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}
Told = dict[str, Any]


@dataclass
class Place:
    """A project with merge requests by a person, a clone of the default branch, and the jobs of one pipeline."""

    line: GitLabLine
    git: Callable[..., str]
    commit: Callable[..., str]
    run: Callable[..., tuple[int, Any]]
    folder: Path
    iids: dict[str, int] = field(default_factory=dict)
    _clones: "count[int]" = field(default_factory=lambda: count(1))

    def push(self, branch: str, files: dict[str, str], start: str = "main", *flags: str) -> str:
        """A person's commit on a branch; they may push any."""
        repo = self.line.repo
        known = self.git(repo, "branch", "--list", branch)
        self.git(repo, "switch", "--quiet", *([branch] if known else ["--create", branch, start]))
        head = self.commit(repo, files)
        self.send(branch, *flags)
        return head

    def send(self, branch: str, *flags: str) -> None:
        """Push a branch as it is, and go back to main."""
        boss = _TOKENS[self.line.server.url][BOSS]
        address = self.line.server.url.replace("://", f"://x:{boss}@")
        self.git(self.line.repo, "push", "--quiet", *flags, f"{address}/{self.line.path}.git", branch)
        self.git(self.line.repo, "switch", "--quiet", "main")

    def propose(self, branch: str, title: str = HOSTILE, target: str = "main") -> int:
        """A person's merge request."""
        words = {"source_branch": branch, "target_branch": target, "title": title}
        self.iids[branch] = self.line.project.mergerequests.create(words).iid
        return self.iids[branch]

    def plan(self, *argv: str) -> tuple[dict[int, Told], dict[str, Any]]:
        """What was said of each merge request, and the child pipeline."""
        code, told = self.run("plan", "--pipelines", str(self.folder / "children"), *argv)
        assert code == 0, told
        document = yaml.safe_load((self.folder / "children" / "generation.yml").read_text("utf-8"))
        return {each["iid"]: each for each in told}, document

    def clone(self) -> Path:
        """What a runner makes for a job: a shallow clone of the default branch, with where it came from as its remote."""
        path = self.folder / f"job-{next(self._clones)}"
        source = self.line.server.repository(self.line.id).as_uri()
        self.git(self.folder, "clone", "--quiet", "--depth=1", "--branch=main", source, str(path))
        return path

    def judged(self, job: dict[str, Any], clone: Path | None = None) -> dict[str, str]:
        """Run a gates job of the child in a clone; what it leaves."""
        names, repo = job["variables"], str(clone or self.clone())
        argv = [
            names["MERGE_REQUEST"],
            "--head",
            names["HEAD_SHA"],
            "--base",
            names["BASE_SHA"],
            "--repo",
            repo,
        ]
        token = os.environ.pop("CI_FACTORY_TOKEN")
        try:
            main.run(["verdicts", "gate", *argv])
        finally:
            os.environ["CI_FACTORY_TOKEN"] = token
        return left_in(Path(repo))

    def pipeline(
        self, jobs: dict[str, dict[str, str]], trigger: str = "ci-factory-verdicts", **given: Any
    ) -> int:
        """The project's own pipeline, whose child has these jobs with what they left."""
        made = tuple(Job(name, files=files, **given) for name, files in jobs.items())
        child = self.line.server.pipeline(self.line.id, "main", source="parent_pipeline", jobs=made)
        return self.line.server.pipeline(
            self.line.id, "main", source="schedule", bridges=(Bridge(trigger, child),)
        )

    def note(self, pipeline: int) -> dict[int, Told]:
        """Write notes; what was said of each merge request."""
        code, told = self.run("note", "--pipeline", str(pipeline))
        assert code == 0, told
        return {each["iid"]: each for each in told}

    def notes(self, iid: int) -> list[str]:
        """What people see, without what GitLab says itself."""
        found = self.line.project.mergerequests.get(iid).notes.list(get_all=True)
        return [note.body for note in found if not note.system]


def left_in(clone: Path) -> dict[str, str]:
    """The artifacts of a gates job."""
    files = sorted((clone / ".ci-factory").glob("verdicts/*/*.json"))
    return {str(path.relative_to(clone)): path.read_text("utf-8") for path in files}


def jobs_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The gates jobs of the child."""
    return {name: job for name, job in document.items() if name.startswith("ci-factory-verdict:")}


@pytest.fixture
def place(
    gitlab_server: StandIn,
    new_repo: Callable[..., Path],
    commit: Callable[..., str],
    git: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    repo = new_repo({"app.py": '"""An app."""\n', ".ci-factory.yml": CONFIG})
    tokens = _TOKENS.setdefault(gitlab_server.url, {})
    line = GitLabLine.make(gitlab_server, f"own/verdicts-{next(_NUMBERS)}", repo, tmp_path / "out", tokens)
    for name, value in line.environment().items():
        monkeypatch.setenv(name, value)

    def run(*argv: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main.run(["verdicts", *argv, "--repo", str(repo), "--out", str(line.out), "--json"])
        text = capsys.readouterr().out
        return code, json.loads(text) if text else None

    made = Place(line, git, commit, run, tmp_path)
    made.push("better", {"app.py": '"""An app."""\n\nLIMIT = 3\n'})
    return made


@pytest.fixture
def iid(place: Place) -> int:
    """One merge request."""
    return place.propose("better")


def changed(files: dict[str, str], name: str, **values: object) -> dict[str, str]:
    """Artifacts with other values in one of the two files."""
    (path,) = (each for each in files if each.endswith(name))
    return {**files, path: json.dumps({**json.loads(files[path]), **values})}


def whole(place: Place) -> tuple[dict[str, dict[str, str]], dict[str, Any]]:
    """Plan, and run all gates jobs: what they left by name, and the child."""
    _, document = place.plan()
    return {name: place.judged(job) for name, job in jobs_of(document).items()}, document


def test_a_verdict_is_planned_computed_without_a_token_and_told(place: Place) -> None:
    """The script of the generated job, in a shell and a shallow clone, leaves what the note is made of; no second one follows."""
    branch = "evil-$(id)"
    place.push(branch, {"evil.py": '"""Bad."""\n\n\ndef broken(:\n'})
    good, bad = place.propose("better"), place.propose(branch)
    told, document = place.plan()
    assert {each["outcome"] for each in told.values()} == {"planned"}
    left = {}
    for name, job in jobs_of(document).items():
        clone, script = place.clone(), document[job["extends"]]["script"]
        env = {name: value for name, value in os.environ.items() if name != "CI_FACTORY_TOKEN"}
        env |= job["variables"] | {
            "CI": "true",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        done = subprocess.run(
            ["bash", "-c", script[-1]], cwd=clone, env=env, capture_output=True, check=False
        )
        assert done.returncode == (1 if name.endswith(f":{bad}") else 0), done.stderr
        left[name] = left_in(clone)
    number = place.pipeline(left)
    told = place.note(number)
    assert {each: told[each]["outcome"] for each in told} == {good: "pass", bad: "fail"}
    (note,) = place.notes(good)
    assert note.startswith("## ✅ Passed")
    assert "the project's own" in note
    assert "whoever can edit that pipeline" not in note
    said = block.read(note, "gate")
    assert said is not None
    assert (said["trusted"], said["verdict"]) == (True, "pass")
    place.line.server.forget_requests()
    again, document = place.plan()
    assert {each["outcome"] for each in again.values()} == {"known"}
    assert [name for name in document if name not in {"workflow", "stages"}] == ["ci-factory-verdict-idle"]
    assert place.note(number) == {}
    assert [each.path for each in place.line.server.requests() if each.effect] == []


def test_the_note_of_a_pipeline_is_written_once(place: Place, iid: int) -> None:
    """A job of control that is tried again after it was killed changes nothing."""
    left, _ = whole(place)
    number = place.pipeline(left)
    assert place.note(number)[iid]["written"] is True
    assert place.note(number)[iid]["written"] is False
    assert len(place.notes(iid)) == 1


def test_nothing_that_anybody_wrote_is_planned(place: Place) -> None:
    """Neither the plan nor the child has a word of titles and branches; both have the commits."""
    place.push(HOSTILE.replace("`", ""), {"more.py": '"""More."""\n'})
    place.propose(HOSTILE.replace("`", ""))
    _, document = place.plan()
    (job,) = jobs_of(document).values()
    text = json.dumps(document) + (place.line.out / "verdicts.json").read_text("utf-8")
    assert "evil" not in text
    assert set(job["variables"]) == {"MERGE_REQUEST", "HEAD_SHA", "BASE_SHA"}
    assert job["variables"]["BASE_SHA"] == place.git(place.line.repo, "rev-parse", "main")


def test_a_sweep_leaves_the_projects_own_verdict(
    place: Place, iid: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """An untrusted note gives way to a trusted one, and not the other way before the change is another one."""

    def sweep() -> Told:
        capsys.readouterr()
        assert main.run(["sweep", "--repo", str(place.line.repo), "--json"]) == 0
        found: Told = json.loads(capsys.readouterr().out)[0]
        return found

    left, _ = whole(place)
    ((name, files),) = left.items()
    theirs = {f"ci-factory-gates/{Path(path).name}": text for path, text in files.items()}
    head = place.git(place.line.repo, "rev-parse", "better")
    made = (Job("ci-factory-gates", files=theirs),)
    ref = f"refs/merge-requests/{iid}/head"
    place.line.server.pipeline(place.line.id, ref, source="merge_request_event", sha=head, jobs=made)
    assert sweep()["outcome"] == "pass"
    assert "whoever can edit that pipeline" in place.notes(iid)[0]
    assert place.plan()[0][iid]["outcome"] == "planned"
    assert place.note(place.pipeline({name: files}))[iid]["written"] is True
    before = place.notes(iid)
    assert "the project's own" in before[0]
    assert sweep()["outcome"] == "kept"
    assert place.notes(iid) == before
    head = place.push("better", {"app.py": '"""An app."""\n\nLIMIT = 4\n'})
    place.line.server.pipeline(place.line.id, ref, source="merge_request_event", sha=head, jobs=made)
    assert sweep()["outcome"] == "inconclusive"


def test_a_head_that_moved_gets_nothing_and_comes_next_time(place: Place, iid: int) -> None:
    """The job judges nothing, a verdict on the old head is not told, and the next plan has the new one."""
    _, document = place.plan()
    ((name, job),) = jobs_of(document).items()
    left = place.judged(job)
    head = place.push("better", {"app.py": '"""An app."""\n\nLIMIT = 4\n'})
    assert place.judged(job) == {}
    assert place.note(place.pipeline({name: left}))[iid]["outcome"] == "moved"
    assert place.notes(iid) == []
    _, document = place.plan()
    assert jobs_of(document)[name]["variables"]["HEAD_SHA"] == head


def test_the_same_tree_is_not_judged_again(place: Place, iid: int) -> None:
    """A new message for the same commit changes nothing that was judged."""
    left, _ = whole(place)
    place.note(place.pipeline(left))
    repo = place.line.repo
    place.git(repo, "switch", "--quiet", "better")
    place.git(repo, "commit", "--quiet", "--amend", "--message", "other words")
    place.send("better", "--force")
    assert place.plan()[0][iid]["outcome"] == "known"


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("gate.json", {"head": "a" * 40}, "another commit"),
        ("score.json", {"tree": "b" * 40}, "another commit"),
        ("gate.json", {"base": "c" * 40}, "another base"),
        ("gate.json", {"config_hash": "d" * 64}, "another configuration"),
        ("gate.json", {"gates": []}, "gates are missing"),
        ("score.json", {"score": 100.0, "verdict": "pass", "components": {}}, "not what gate.json comes to"),
        ("gate.json", {"surprise": 1}, "surprise"),
    ],
)
def test_artifacts_that_do_not_fit_are_no_verdict(
    place: Place, iid: int, name: str, values: dict[str, object], why: str
) -> None:
    """Another commit, base or configuration, absent gates, a made-up score, an unknown key: inconclusive, never a pass."""
    left, _ = whole(place)
    ((job, files),) = left.items()
    told = place.note(place.pipeline({job: changed(files, name, **values)}))[iid]
    assert told["outcome"] == "inconclusive"
    assert why in told["detail"]
    (note,) = place.notes(iid)
    assert "This is not a pass" in note


def test_a_change_that_breaks_its_job_is_tried_more_seldom(
    place: Place, iid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three pipelines try; from then on it waits for a day each time, or until the change is another one."""
    for tries in (1, 2, 3):
        told, document = place.plan()
        assert told[iid]["outcome"] == "planned"
        number = place.pipeline({name: {} for name in jobs_of(document)}, status="failed")
        assert [place.note(number)[iid]["written"] for _ in "12"] == [True, False]
        said = block.read(place.notes(iid)[0], "gate")
        assert said is not None
        assert said["tries"] == tries
    assert "once a day" in place.notes(iid)[0]
    assert place.plan()[0][iid]["outcome"] == "waiting"
    with monkeypatch.context() as later:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        later.setattr(SystemClock, "now", lambda _: tomorrow)
        assert place.plan()[0][iid]["outcome"] == "planned"
    place.push("better", {"app.py": '"""An app."""\n\nLIMIT = 5\n'})
    assert place.plan()[0][iid]["outcome"] == "planned"


def test_a_later_failure_does_not_take_a_verdict_away(place: Place, iid: int) -> None:
    """Of two pipelines at the same change, the one whose job broke changes nothing on the note."""
    left, _ = whole(place)
    place.note(place.pipeline(left))
    before = place.notes(iid)
    assert place.note(place.pipeline({name: {} for name in left}, status="failed"))[iid]["outcome"] == "kept"
    assert place.notes(iid) == before


@pytest.mark.parametrize("status", ["running", "canceled", "skipped"])
def test_a_job_that_did_not_end_by_itself_says_nothing(place: Place, iid: int, status: str) -> None:
    """Nothing is written, and the change comes next time."""
    left, _ = whole(place)
    assert place.note(place.pipeline(left, status=status))[iid]["outcome"] == "waiting"
    assert place.notes(iid) == []
    assert place.plan()[0][iid]["outcome"] == "planned"


def test_jobs_of_a_foreign_trigger_are_not_believed(place: Place, iid: int) -> None:
    """Only the pipeline that our own trigger started has verdicts."""
    left, _ = whole(place)
    assert place.note(place.pipeline(left, trigger="deploy"))[iid]["outcome"] == "waiting"
    assert place.notes(iid) == []


def test_a_job_beside_a_token_does_not_start(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, the variable named, and nothing judged."""
    place.propose("better")
    _, document = place.plan()
    (job,) = jobs_of(document).values()
    names, clone = job["variables"], place.clone()
    argv = [names["MERGE_REQUEST"], "--head", names["HEAD_SHA"], "--base", names["BASE_SHA"]]
    assert main.run(["verdicts", "gate", *argv, "--repo", str(clone)]) == 2
    assert "CI_FACTORY_TOKEN" in capsys.readouterr().err
    assert left_in(clone) == {}


def test_configuration_of_another_branch_is_no_base(place: Place) -> None:
    """A merge request into a branch that its author wrote, settings included, gets no verdict of the project's."""
    place.push("lax", {".ci-factory.yml": f"{CONFIG}# mine\n"})
    place.push("work", {"work.py": '"""Work."""\n'}, "lax")
    iid = place.propose("work", target="lax")
    told, document = place.plan()
    assert told[iid]["outcome"] == "elsewhere"
    assert jobs_of(document) == {}


def test_newest_activity_comes_first_and_the_rest_next_time(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a limit of one the draft is first; told not to judge drafts, the other is; what is left is told."""
    old = place.propose("better")
    place.push("later", {"later.py": '"""Later."""\n'})
    new = place.propose("later", title="Draft: later")
    assert list(place.plan("--limit", "1")[0]) == [new]
    told, _ = place.plan("--limit", "1", "--drafts", "false")
    assert {each: told[each]["outcome"] for each in told} == {new: "draft", old: "planned"}
    where = ["--repo", str(place.line.repo), "--out", str(place.line.out)]
    capsys.readouterr()
    assert main.run(["verdicts", "plan", "--limit", "1", *where]) == 0
    assert "1 more are left for the next time" in capsys.readouterr().out


def test_forks_are_judged_when_asked_for(place: Place, iid: int) -> None:
    """A merge request whose branch is in another project is passed over, and with `--forks true` judged at the same ref."""
    path = f"/projects/{place.line.id}/merge_requests"
    listed = place.line.project.manager.gitlab.http_get(path, query_data={"state": "opened"})
    body = json.dumps([{**each, "source_project_id": 987654} for each in listed])
    server = place.line.server
    server.fault(Fault("status", "GET", r"/merge_requests\?", status=200, body=body))
    try:
        told = [place.plan(*argv)[0][iid]["outcome"] for argv in ((), ("--forks", "true"))]
    finally:
        server.clear_faults()
    assert told == ["fork", "planned"]


def test_what_another_pipeline_judges_is_not_judged_twice(
    place: Place, iid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a pipeline with the same head in its plan runs, the change is waited for; once it ended, it is planned."""
    place.plan()
    files = {".ci-factory/verdicts.json": (place.line.out / "verdicts.json").read_bytes()}
    monkeypatch.setenv("CI_PIPELINE_ID", "999999")
    monkeypatch.setenv("CI_JOB_NAME", "ci-factory-verdicts-plan")
    for status, outcome in (("success", "planned"), ("running", "waiting")):
        jobs = (Job("ci-factory-verdicts-plan", files=files),)
        place.line.server.pipeline(place.line.id, "main", status=status, source="schedule", jobs=jobs)
        assert place.plan()[0][iid]["outcome"] == outcome


def test_the_factorys_own_and_a_switched_off_factory(place: Place) -> None:
    """A merge request of the factory has its verdict from its batch; `enabled: false` plans and writes nothing."""
    place.push("factory/7-words", {"seven.py": '"""Seven."""\n'})
    token = place.line.token
    import gitlab

    bot = gitlab.Gitlab(place.line.server.url, private_token=token).projects.get(place.line.id, lazy=True)
    words = {"source_branch": "factory/7-words", "target_branch": "main", "title": "Seven"}
    iid = bot.mergerequests.create(words).iid
    assert place.plan()[0][iid]["outcome"] == "ours"
    place.push("main", {".ci-factory.yml": f"enabled: false\n{CONFIG}"})
    assert place.run("plan")[0] == 2


def test_notes_are_the_bots(place: Place, iid: int) -> None:
    """Somebody else's note with our marker and a trusted block neither stops a verdict nor is it overwritten."""
    fake = f"mine\n\n{block.write('gate', {'trusted': True, 'head': place.git(place.line.repo, 'rev-parse', 'better')})}"
    fake += "\n\n<!-- ci-factory:note:gate -->"
    place.line.project.mergerequests.get(iid).notes.create({"body": fake})
    left, _ = whole(place)
    assert place.note(place.pipeline(left))[iid]["outcome"] == "pass"
    notes = place.line.project.mergerequests.get(iid).notes.list(get_all=True)
    assert sorted(note.author["username"] == BOT for note in notes if not note.system) == [False, True]
