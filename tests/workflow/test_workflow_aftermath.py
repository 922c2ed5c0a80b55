"""C4 on real repositories: what became of merged changes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import Config
from ci_factory.forge.local import LocalForge
from ci_factory.metrics.facts import AftermathFact
from ci_factory.metrics.naming import Named
from ci_factory.model.ticket import Ticket
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from ci_factory.workflow import bug_issues
from ci_factory.workflow.aftermath import Before, look
from tests.workflow.changes_made import BATCH, START, Project, attempt, request
from tests.workflow.conftest import on_gitlab

TEXT = "".join(f"line {number}\n" for number in range(1, 21))
MINE = "".join(f"def new_{number}(): return {number}\n" for number in range(1, 11))
Look = Callable[..., dict[int, AftermathFact]]


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.make(tmp_path / "project", {"a.txt": TEXT, "README.md": "hello\n"})


@pytest.fixture
def bugs() -> list[tuple[Ticket, float]]:
    """Issues that are on the forge, and when they were opened."""
    return []


@pytest.fixture
def looked(project: Project, bugs: list[tuple[Ticket, float]]) -> Look:
    """`looked(day)`: facts by number of the merge request."""

    def run(at: float = 2, **options: object) -> dict[int, AftermathFact]:
        clock = ManualClock(START)
        forge = LocalForge.open(Git(project.folder), user="tess", clock=clock)
        for ticket, opened in bugs:
            forge.import_ticket(ticket.model_copy(update={"created_at": day(opened)}))
        found = look(Git(project.folder), forge, project.history, day(at), Config(), **options)  # type: ignore[arg-type]
        forge.disconnect()
        assert found.problems == ()
        return {each.iid: each for each in found.facts}

    return run


@pytest.mark.parametrize("how", ["merge", "squash", "forward"])
def test_a_revert_is_traced_to_the_change(project: Project, looked: Look, how: str) -> None:
    """However it was merged: reverted by the commit that `git revert` makes, when that came to the branch."""
    landed = project.merge(1, "11", 0, {"b.txt": "b\n"}, how)
    project.merge(2, "12", 0.5, {"c.txt": "c\n"}, how)
    taken = project.take_back(1, landed)
    found = looked()
    assert (found[1].reverted_by, found[1].reverted_at) == (taken, day(1))
    assert found[1].first_defect_at == day(1)
    assert (found[2].reverted_by, found[2].first_defect_at) == (None, None)


def test_a_revert_of_the_branch_commit_counts(project: Project, looked: Look) -> None:
    """Also when a squash left that commit behind, and the name is cut short."""
    project.merge(1, "11", 0, {"b.txt": "b\n"}, "merge")
    project.merge(2, "12", 0.2, {"c.txt": "c\n"}, "squash")
    for each in project.requests:
        words = f"Take it back\n\nThis reverts commit {each.head[:12]}."
        project.commit(1, {"x.txt": str(each.iid)}, words)
    found = looked()
    assert found[1].reverted_at == found[2].reverted_at == day(1)


def test_a_revert_of_a_revert_takes_it_back(project: Project, looked: Look) -> None:
    """The change stands again; when that is taken back in turn, the first revert stands."""
    landed = project.merge(1, "11", 0, {"b.txt": "b\n"})
    first = project.take_back(1, landed)
    again = project.take_back(2, first)
    assert looked(2)[1].reverted_at is None
    assert looked(2)[1].first_defect_at is None
    project.take_back(3, again)
    assert (looked(4)[1].reverted_by, looked(4)[1].reverted_at) == (first, day(1))


def test_a_revert_made_by_gitlab_counts(project: Project, looked: Look) -> None:
    """A merge request that says which one it reverts; reverting that merge request by its number takes it back."""
    project.merge(1, "11", 0, {"b.txt": "b\n"})
    project.git("switch", "--quiet", "--create", "revert-1")
    project.commit(1, {"b.txt": ""}, 'Revert "Merge branch"\n\nThis reverts merge request !1')
    project.git("switch", "--quiet", "main")
    words = "Merge branch 'revert-1' into 'main'\n\nRevert\n\nSee merge request group/project!5"
    project.git("merge", "--quiet", "--no-ff", "--message", words, "revert-1", day=1.5)
    assert looked()[1].reverted_at == day(1.5)
    project.commit(1.8, {"b.txt": "b\n"}, "Bring it back\n\nThis reverts merge request !5")
    assert looked()[1].reverted_at is None


def test_words_that_name_nothing_of_ours_revert_nothing(project: Project, looked: Look) -> None:
    """A wrong number, another project, a commit or title that nobody knows."""
    project.merge(1, "11", 0, {"b.txt": "b\n"})
    for number, words in enumerate(
        (
            "This reverts commit 0123456.",
            "This reverts merge request other/project!1",
            "This reverts merge request !100",
            "This reverts merge request !1x",
            "This might be reverts commit of !1",
        )
    ):
        project.commit(1, {"x.txt": str(number)}, f"Try\n\n{words}")
    project.commit(1, {"x.txt": "title"}, 'Revert "something else"')
    assert looked()[1].reverted_at is None


def test_what_is_not_on_the_branch_says_nothing(project: Project, looked: Look) -> None:
    """A revert on another branch, and one within the change's own branch, are none of the change."""
    project.merge(1, "11", 0, {"b.txt": "b\n"})
    project.git("switch", "--quiet", "--create", "elsewhere")
    project.take_back(1, project.requests[0].merge_commit or "")
    project.git("switch", "--quiet", "main")
    assert looked()[1].reverted_at is None


def test_stacked_changes_are_told_apart(project: Project, looked: Look) -> None:
    """What came in with another change is its own; taking back the merge that brought both takes back both."""
    base = project.git("rev-parse", "main")
    lower = project.branch("11", 0, {"b.txt": "b\n"})
    project.git("switch", "--quiet", "factory/11-change")
    project.git("switch", "--quiet", "--create", "factory/12-change")
    upper = project.commit(0.1, {"c.txt": "c\n"}, "feat: upper")
    project.git("switch", "--quiet", "factory/11-change")
    project.git("merge", "--quiet", "--no-ff", "--message", "upper into lower", "factory/12-change", day=0.2)
    inner = project.git("rev-parse", "HEAD")
    project.git("switch", "--quiet", "main")
    project.requests += [request(1, "11", 1, inner, None), request(2, "12", 0.2, upper, inner)]
    assert looked() == {}
    project.git("merge", "--quiet", "--no-ff", "--message", "both", "factory/11-change", day=1)
    outer = project.git("rev-parse", "main")
    project.requests[0] = request(1, "11", 1, inner, outer)
    project.attempts += [attempt("11", 0, base, lower)]
    taken = project.take_back(1.5, upper)
    assert [looked()[iid].reverted_by for iid in (1, 2)] == [None, taken]
    both = project.take_back(1.7, outer)
    assert looked()[1].reverted_by == both


def test_a_shallow_clone_is_said(project: Project, tmp_path: Path) -> None:
    """What git does not have can't be looked at, and nothing is claimed of it."""
    project.merge(1, "11", 0, {"b.txt": "b\n"})
    for number in range(3):
        project.commit(1, {"x.txt": str(number)}, "later")
    project.git("clone", "--quiet", "--depth", "1", f"file://{project.folder}", str(tmp_path / "cut"))
    git = Git(tmp_path / "cut")
    forge = LocalForge.open(git, user="tess", clock=ManualClock(START))
    found = look(git, forge, project.history, day(2), Config())
    forge.disconnect()
    assert found.facts == ()
    assert "1 merged changes: the clone is shallow" in found.problems[0]


@pytest.mark.parametrize(
    "words",
    ["Mend\n\nFixes: {head12}", "fixup! {subject}", "Mend, a follow-up to !1", f"Mend\n\nFixes: {BATCH}/11"],
)
def test_fix_ups_say_so(project: Project, looked: Look, words: str) -> None:
    """By the commit, by its subject, by the merge request, or by the generation in a trailer."""
    project.merge(1, "11", 0, {"b.txt": "b\n"})
    project.merge(2, "12", 0.5, {"c.txt": "c\n"})
    said = words.format(head12=project.requests[0].head[:12], subject="feat: change (#11)")
    mended = project.commit(1, {"b.txt": "better\n"}, said)
    found = looked()
    assert (found[1].fix_ups, found[2].fix_ups) == ((mended,), ())
    assert found[1].first_defect_at is None


def test_a_merge_request_for_a_linked_bug_is_a_fix_up(
    project: Project, looked: Look, bugs: list[tuple[Ticket, float]]
) -> None:
    """The bug names the change, and its own change mends it."""
    project.merge(1, "11", 0, {"b.txt": "b\n"})
    bugs.append((Ticket(id="30", title="It fails since !1", labels=("bug",)), 1))
    landed = project.merge(2, "30", 1.5, {"b.txt": "better\n"})
    found = looked()
    assert (found[1].bugs, found[1].fix_ups, found[1].first_defect_at) == (("30",), (landed,), day(1))
    assert (found[2].bugs, found[2].fix_ups) == ((), ())


def test_bugs_are_linked_by_what_they_name(
    project: Project, looked: Look, bugs: list[tuple[Ticket, float]]
) -> None:
    """The merge request, the ticket or a commit; nothing that looks alike, is older, or has no bug label."""
    project.merge(1, "11", 0, {"b.txt": "b\n"})
    head = project.requests[0].head
    naming = ("since !1.", "see #11, there", f"bisect: {head}", f"bisect: {head[:10]}")
    other = (
        "!12 and #111",
        "other/project!1",
        "https://x.example/other/-/merge_requests/1",
        "#11aa00",
        "a!1b",
    )
    for number, words in enumerate((*naming, *other), 30):
        bugs.append((Ticket(id=str(number), title="Broken", body=words, labels=("bug",)), 1 + number / 100))
    bugs.append((Ticket(id="50", title="No bug", body="!1"), 1))
    bugs.append((Ticket(id="51", title="Older: !1", labels=("bug",)), -0.5))
    found = looked()[1]
    assert found.bugs == ("30", "31", "32", "33")
    assert found.first_defect_at == day(1.3)


def test_churn_counts_lines_that_did_not_last(project: Project, looked: Look) -> None:
    """Of ten lines three are changed and one is deleted within three weeks; what comes later is not looked at."""
    project.merge(1, "11", 0, {"new.py": MINE + "\n\n"})
    lines = MINE.splitlines(keepends=True)
    lines[:3] = ["changed\n", "changed too\n", "and this\n"]
    at = project.commit(10, {"new.py": "".join(lines[:-1])}, "rework")
    project.commit(22, {"new.py": "nothing is left\n"}, "rewrite")
    assert looked(20)[1].churned is None
    found = looked(30)[1]
    assert (found.churned, found.churn_of, found.churn_at) == (4, 10, at)


def test_moves_and_formatting_are_no_churn(project: Project, looked: Look) -> None:
    """A renamed file, a file that was split, and lines that were only indented still have the change's lines."""
    project.merge(1, "11", 0, {"new.py": MINE})
    project.git("mv", "new.py", "renamed.py")
    project.commit(2, {}, "rename")
    project.commit(3, {"renamed.py": "".join(f"    {line}\n" for line in MINE.splitlines())}, "indent")
    assert (looked(30)[1].churned, looked(30)[1].churn_of) == (0, 10)


def test_a_formatting_commit_can_be_looked_through(project: Project, looked: Look) -> None:
    """A commit in .git-blame-ignore-revs does not count as somebody's change of the line."""
    project.merge(1, "11", 0, {"new.py": MINE})
    formatted = project.commit(2, {"new.py": MINE.replace("(): return", "():  # noqa\n    return")}, "format")
    assert looked(30)[1].churned == 10
    project.commit(3, {".git-blame-ignore-revs": f"{formatted}\n"}, "ignore")
    churned = looked(30)[1].churned
    assert churned is not None
    assert churned < 10


def test_what_is_known_is_not_counted_again(
    project: Project, looked: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing new: the same facts, without blame, also a day later."""
    for number in range(1, 4):
        project.merge(number, f"1{number}", 0, {f"new{number}.py": MINE})
    project.commit(5, {"new1.py": "gone\n"}, "rework")
    first = looked(30)
    monkeypatch.setattr("ci_factory.system.history.Past.blame", None)
    known = Before(tuple(first.values()))
    assert looked(30, before=known) == first
    assert looked(30.9, before=known) == first


def test_observation_goes_on_with_age(project: Project, looked: Look) -> None:
    """How long a change was watched is said in steps, and the days that figures ask for are among them."""
    project.merge(1, "11", 0, {"b.txt": "b\n"})
    seen = {age: (looked(age)[1].observed_until - START).days for age in (0.5, 1, 20.5, 21, 30, 44, 400)}
    assert seen == {0.5: 0, 1: 1, 20.5: 14, 21: 21, 30: 30, 44: 30, 400: 365}


def test_bugs_on_gitlab(
    request: pytest.FixtureRequest,
    new_repo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An address of the merge request links as `!1` does; of many bugs only those that look different are read again."""
    monkeypatch.setattr(bug_issues, "FEW", 2)
    world, _, _ = on_gitlab(new_repo({"a.txt": "a\n"}), request)
    forge: Any = world.forge
    made = world.merge_request("7")
    world.as_user("tess").merge(made.iid, head=made.head)
    address = f"{forge.project.api.url}/{forge.project.path}/-/merge_requests/{made.iid}"
    bodies = (
        f"See {address}.",
        "elsewhere/project!1",
        f"See #{7}",
        "http://127.0.0.1/other/-/merge_requests/1",
    )
    for number, body in enumerate(bodies, 20):
        world.open_issue(Ticket(id=str(number), title="Broken", body=body, labels=("bug",)))
    found, marks = bug_issues.read(forge, ("bug",), {})
    assert [each.names for each in found] == [
        Named(requests=frozenset({made.iid})), Named(), Named(tickets=frozenset({"7"})), Named()]  # fmt: skip
    found, marks = bug_issues.read(forge, ("bug",), marks)
    sent = forge.requests
    assert bug_issues.read(forge, ("bug",), marks) == (found, marks)
    assert forge.requests - sent == 2
    world.as_user("tess").change_labels("20", remove=["bug"])
    world.open_issue(Ticket(id="30", title="Also broken", body=f"!{made.iid}", labels=("bug",)))
    later, _ = bug_issues.read(forge, ("bug",), marks)
    assert [each.id for each in later] == ["21", "22", "23", "30"]
