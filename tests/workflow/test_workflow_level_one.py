"""Level 1 on the GitLab stand-in: notes from artifacts, from sweeps, and from gates that run here."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ci_factory.cli import main
from ci_factory.errors import ArtifactError
from ci_factory.system import archives
from tests.gitlab_standin.control import Job, StandIn
from tests.workflow.gitlab_line import BOSS, BOT, GitLabLine

CONFIG = "gates: {disabled: [semgrep, mypy, secrets, tests, dependencies, ruff]}\n"
_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}


@dataclass
class Place:
    """A project with one merge request by a person, and the gates' artifacts on it."""

    line: GitLabLine
    head: str
    iid: int
    files: dict[str, str]

    def pipeline(self, files: dict[str, str] | None = None, **given: Any) -> int:
        """A finished pipeline of the merge request."""
        job = Job("ci-factory-gates", files=self.files if files is None else files)
        given = {"source": "merge_request_event", "sha": self.head, "jobs": (job,), **given}
        return self.line.server.pipeline(self.line.id, f"refs/merge-requests/{self.iid}/head", **given)

    def notes(self) -> list[str]:
        """What people see, without what GitLab says itself."""
        found = self.line.project.mergerequests.get(self.iid).notes.list(get_all=True)
        return [note.body for note in found if not note.system]

    def changed(self, name: str, **values: object) -> dict[str, str]:
        """The artifacts with other values in one of the two files."""
        path = f"ci-factory-gates/{name}"
        return {**self.files, path: json.dumps({**json.loads(self.files[path]), **values})}


@pytest.fixture
def place(
    gitlab_server: StandIn,
    new_repo: Callable[..., Path],
    commit: Callable[..., str],
    git: Callable[..., str],
    tmp_path: Path,
) -> Place:
    repo = new_repo({"app.py": '"""An app."""\n', ".ci-factory.yml": CONFIG})
    git(repo, "switch", "--quiet", "--create", "better")
    head = commit(repo, {"app.py": '"""An app."""\n\nLIMIT = 3\n'})
    out = tmp_path / "ci-factory-gates"
    assert main.run(["gate", "--repo", str(repo), "--base", "main", "--head", head, "--out", str(out)]) == 0
    files = {
        f"ci-factory-gates/{name}": (out / name).read_text("utf-8") for name in ("gate.json", "score.json")
    }
    tokens = _TOKENS.setdefault(gitlab_server.url, {})
    line = GitLabLine.make(gitlab_server, f"level/one-{next(_NUMBERS)}", repo, tmp_path / "out", tokens)
    git(repo, "switch", "--quiet", "main")
    words = {"source_branch": "better", "target_branch": "main", "title": "Better"}
    return Place(line, head, line.project.mergerequests.create(words).iid, files)


@pytest.fixture
def run(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Any]]:
    """`run("sweep", …)`: the exit status, and what was printed as JSON."""
    for name in ("CI", "GITLAB_CI", "CI_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in place.line.environment().items():
        monkeypatch.setenv(name, value)

    def call(*argv: str) -> tuple[int, Any]:
        capsys.readouterr()
        where = ["--repo", str(place.line.repo), "--json"]
        code = main.run([*argv, *where])
        text = capsys.readouterr().out
        return code, json.loads(text) if text else None

    return call


Run = Callable[..., tuple[int, Any]]


def swept(run: Run, *argv: str) -> dict[str, Any]:
    """What a sweep says of the one merge request."""
    code, told = run("sweep", *argv)
    assert code == 0, told
    assert len(told) == 1
    found: dict[str, Any] = told[0]
    return found


def test_a_sweep_posts_the_verdict_once(place: Place, run: Run) -> None:
    """The note of a finished pipeline says that its author could edit it; a second sweep writes nothing."""
    place.pipeline()
    first = swept(run)
    assert (first["outcome"], first["written"]) == ("pass", True)
    (note,) = place.notes()
    assert note.startswith("## ✅ Passed")
    assert "whoever can edit that pipeline" in note
    place.line.server.forget_requests()
    assert swept(run)["written"] is False
    assert [each.path for each in place.line.server.requests() if each.effect] == []


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("gate.json", {"head": "a" * 40}, "another commit"),
        ("score.json", {"tree": "b" * 40}, "another commit"),
        ("gate.json", {"base": "c" * 40}, "another base"),
        ("gate.json", {"config_hash": "d" * 64}, "another configuration"),
        ("gate.json", {"gates": []}, "gates are missing"),
        ("gate.json", {"planned": [], "gates": []}, "gates are missing"),
        ("score.json", {"score": 100.0, "verdict": "pass", "components": {}}, "not what gate.json comes to"),
        ("gate.json", {"surprise": 1}, "surprise"),
    ],
)
def test_artifacts_that_do_not_fit_are_inconclusive(
    place: Place, run: Run, name: str, values: dict[str, object], why: str
) -> None:
    """Another head, tree, base or configuration, absent gates, a score of its own, an unknown key: never a pass."""
    place.pipeline(place.changed(name, **values))
    told = swept(run)
    assert told["outcome"] == "inconclusive"
    assert why in told["detail"]
    (note,) = place.notes()
    assert "This is not a pass" in note


def test_no_pipeline_is_waited_for_and_no_artifact_is_no_pass(place: Place, run: Run) -> None:
    """Without a finished pipeline of the head nothing is written; one that left nothing is inconclusive."""
    place.pipeline(status="running")
    place.pipeline(source="push")
    assert swept(run)["outcome"] == "waiting"
    assert place.notes() == []
    place.pipeline({})
    assert swept(run)["outcome"] == "inconclusive"


def test_a_note_outlives_its_artifact(place: Place, run: Run) -> None:
    """When the artifact of the same head is gone, the note that was made of it stays."""
    place.pipeline()
    swept(run)
    before = place.notes()
    place.pipeline({})
    assert swept(run)["outcome"] == "kept"
    assert place.notes() == before


def test_a_change_of_the_pipeline_is_not_believed(
    place: Place, git: Callable[..., str], commit: Callable[..., str], tmp_path: Path
) -> None:
    """A pass that a changed .gitlab-ci.yml left is inconclusive, however well it fits."""
    from ci_factory.config import parse
    from ci_factory.system.git import Git
    from ci_factory.workflow import evidence

    repo = place.line.repo
    git(repo, "switch", "--quiet", "better")
    head = commit(repo, {".gitlab-ci.yml": "forged: {script: [cp mine.json gate.json]}\n"})
    (tmp_path / "ci-factory-gates").mkdir(exist_ok=True)
    found = evidence.from_folder(tmp_path / "ci-factory-gates")
    base = git(repo, "rev-parse", "main")
    bound = evidence.Bound(head, git(repo, "rev-parse", f"{head}^{{tree}}"), base, parse(CONFIG))
    assert ".gitlab-ci.yml" in str(evidence.suspicious(Git(repo), found, bound))
    before = evidence.Bound(place.head, found.report.tree or "", base, parse(CONFIG))
    assert evidence.suspicious(Git(repo), found, before) is None


def test_a_note_is_posted_for_the_present_head_only(
    place: Place, run: Run, tmp_path: Path, git: Callable[..., str], commit: Callable[..., str]
) -> None:
    """`note` posts what a folder holds; after a push it says that the head moved, and writes nothing."""
    folder = ["--gate-dir", str(tmp_path / "ci-factory-gates"), "--mr", str(place.iid)]
    assert run("note", *folder)[1]["written"] is True
    assert run("note", *folder, "--sha", "a" * 40)[1]["outcome"] == "moved"
    repo = place.line.repo
    git(repo, "switch", "--quiet", "better")
    commit(repo, {"app.py": '"""An app."""\n\nLIMIT = 4\n'})
    address = place.line.server.url.replace("://", f"://x:{place.line.token}@")
    git(repo, "push", "--quiet", f"{address}/{place.line.path}.git", "better")
    before = place.notes()
    code, told = run("note", *folder)
    assert (code, told["outcome"]) == (0, "moved")
    assert place.notes() == before


def test_a_missing_verdict_is_never_a_pass(place: Place, run: Run, tmp_path: Path) -> None:
    """`note` without artifacts posts nothing and exits with 4."""
    assert run("note", "--gate-dir", str(tmp_path / "nothing"), "--mr", str(place.iid)) == (4, None)
    assert place.notes() == []


def test_somebody_elses_note_is_left_alone(place: Place, run: Run) -> None:
    """A note by another user that carries our marker stays, and ours is a second one."""
    fake = "mine\n\n<!-- ci-factory:note:gate -->"
    place.line.project.mergerequests.get(place.iid).notes.create({"body": fake})
    place.pipeline()
    swept(run)
    notes = place.line.project.mergerequests.get(place.iid).notes.list(get_all=True)
    assert sorted(note.author["username"] == BOT for note in notes if not note.system) == [False, True]
    assert fake in place.notes()


def test_a_switched_off_factory_writes_nothing(
    place: Place, run: Run, git: Callable[..., str], commit: Callable[..., str]
) -> None:
    """`enabled: false` on the default branch is a wrong usage, and no note."""
    place.pipeline()
    repo = place.line.repo
    commit(repo, {".ci-factory.yml": f"enabled: false\n{CONFIG}"})
    boss = _TOKENS[place.line.server.url][BOSS]
    address = place.line.server.url.replace("://", f"://x:{boss}@")
    git(repo, "push", "--quiet", f"{address}/{place.line.path}.git", "main")
    assert run("sweep")[0] == 2
    assert place.notes() == []


def zipped(*entries: tuple[str, bytes], mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data, compress_type=method)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "make",
    [
        lambda: b"no archive",
        lambda: zipped(("a", b"\0" * 5000)),
        lambda: zipped(("a", b"1"), ("a", b"2")),
        lambda: zipped(("a", b"/etc/passwd"), mode=0o120777),
        lambda: zipped(("a", b"1"), method=zipfile.ZIP_LZMA),
        lambda: zipped(("a", b"x" * 500), method=zipfile.ZIP_STORED).replace(b"x" * 9, b"y" * 9, 1),
        lambda: zipped(*((f"n{number}", b"") for number in range(archives.MOST_ENTRIES + 1))),
    ],
    ids=["none", "bomb", "twice", "link", "lzma", "damaged", "many"],
)
def test_hostile_archives_are_refused(make: Callable[[], bytes]) -> None:
    """Bombs, doubles, links, odd methods, damage and floods of entries are one clear error."""
    with pytest.raises(ArtifactError):
        archives.read_members(make(), ("a",), limit=1000)


def test_only_what_is_asked_for_is_read() -> None:
    """Names that climb out, and everything else, are passed over."""
    data = zipped(("../a", b"out"), ("/a", b"root"), ("a", b"in"), ("b", b"\0" * 10_000))
    assert archives.read_members(data, ("a", "c"), limit=10) == {"a": b"in"}


def test_a_shallow_clone_gets_just_the_base(
    place: Place,
    tmp_path: Path,
    git: Callable[..., str],
    commit: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`gate --ci` in a clone of depth 1 fetches one commit and judges the same change as a whole clone."""
    repo = place.line.repo
    git(repo, "switch", "--quiet", "better")
    for number in range(3):
        head = commit(repo, {"more.py": f'"""More."""\n\nMORE = {number}\n'})
    base = git(repo, "rev-parse", "main")
    git(repo, "config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch", "better", repo.as_uri(), str(clone))
    values = {"CI_COMMIT_SHA": head, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    for name in ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_FACTORY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    out = tmp_path / "shallow"
    assert main.run(["gate", "--repo", str(clone), "--ci", "--out", str(out)]) == 0
    report = json.loads((out / "gate.json").read_text("utf-8"))
    assert (report["base"], report["head"]) == (base, head)
    assert report["changed_files"] == ["app.py", "more.py"]
    assert git(clone, "rev-list", "--count", base) == "1"


def test_reports_come_as_a_list_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`score --reports` takes the JSON list that an input of a component becomes, and still any glob."""
    monkeypatch.chdir(tmp_path)
    case = '<testsuite name="s" tests="1"><testcase classname="c" name="{}"/></testsuite>'
    for name in ("one", "two"):
        (tmp_path / f"{name}.xml").write_text(case.format(name), encoding="utf-8")
    for given, gates in (('["one.xml", "two.xml"]', 2), ("[o]*.xml", 1)):
        main.run(["score", "--reports", given, "--out", "out"])
        report = json.loads((tmp_path / "out" / "gate.json").read_text("utf-8"))
        tests = sum(gate["figures"].get("total") or 0 for gate in report["gates"])
        assert tests == gates
