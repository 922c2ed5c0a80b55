"""The forge behind the Protocol on GitLab: what is read, with how many requests, and what is believed."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import Labels
from ci_factory.errors import ArtifactError
from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.group import GitLabGroup
from ci_factory.model.forge import ForgeEventKind as Kind
from ci_factory.model.forge import InlineComment, NoteTarget, Role

World = Any  # tests/forge/conftest.py
GitLab = Any  # tests/forge/conftest.py
ISSUE, MR = NoteTarget.ISSUE, NoteTarget.MERGE_REQUEST


@pytest.fixture(name="world")
def gitlab_only(gitlab_world: World) -> World:
    return gitlab_world


@pytest.fixture(name="forge")
def gitlab_forge(gitlab_world: World) -> GitLabForge:
    found: GitLabForge = gitlab_world.forge
    return found


# Reading the queue


def test_a_queue_is_read_with_few_requests(gitlab: GitLab, world: World) -> None:
    """120 tickets with links and labels cost at most 2 + 120/50 requests, by a forge that knows nothing yet."""
    for number in range(1, 121):
        world.ticket(str(number), labels=("ready-for-agent", "ui"), depends_on=("1",) if number > 1 else ())
    fresh = GitLabForge.open(
        gitlab.api("factory-bot"),
        world.forge.repository.transfer,
        gitlab.path,
        clock=world.clock,
        git=world.git,
    )
    gitlab.server.forget_requests()
    found = fresh.issues(any_label=["ready-for-agent", "factory::queued"])
    assert [issue.ticket.id for issue in found] == [str(number) for number in range(1, 121)]
    assert (fresh.user, fresh.default_branch) == ("factory-bot", "main")
    assert fresh.merge_requests(details=False) == []
    assert len(gitlab.asked()) <= 2 + 120 / 50


def test_a_small_queue_is_one_request(gitlab: GitLab, world: World) -> None:
    """Who we are and where comes with the first page."""
    world.ticket("1", labels=("ready-for-agent",))
    fresh = GitLabForge.open(
        gitlab.api("factory-bot"),
        world.forge.repository.transfer,
        gitlab.path,
        clock=world.clock,
        git=world.git,
    )
    gitlab.server.forget_requests()
    assert len(fresh.issues(labels=["ready-for-agent"])) == 1
    assert fresh.default_branch == "main"
    assert len(gitlab.asked()) == 1


def link(gitlab: GitLab, one: int, other_project: int, other: int, kind: str) -> None:
    gitlab.as_user("tess", "owner")
    data = {"target_project_id": other_project, "target_issue_iid": other, "link_type": kind}
    gitlab.api("tess").post(f"/projects/{gitlab.id}/issues/{one}/links", data)


def test_links_between_issues_are_dependencies(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """A ticket waits for what blocks it, whichever side the link was made from."""
    for number in "123":
        world.ticket(number)
    link(gitlab, 1, gitlab.id, 2, "blocks")
    link(gitlab, 2, gitlab.id, 3, "is_blocked_by")
    assert set(forge.issue("2").ticket.depends_on) == {"1", "3"}
    assert forge.issue("1").ticket.depends_on == ()


def test_a_server_without_links_is_read_all_the_same(
    gitlab: GitLab, world: World, forge: GitLabForge
) -> None:
    """The Community Edition does not know what blocks an issue; words in the body still count."""
    world.ticket("1")
    world.ticket("2", depends_on=("1",))
    gitlab.server.edition(enterprise=False)
    try:
        assert forge.issue("2").ticket.depends_on == ("1",)
    finally:
        gitlab.server.edition(enterprise=True)


def test_short_pages_are_no_end(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Servers that give less than was asked for are asked again, for issues, notes and merge requests."""
    for number in range(1, 8):
        world.ticket(str(number))
        forge.add_note(ISSUE, "1", f"note {number}")
    gitlab.server.page_size(2)
    try:
        assert len(forge.issues()) == 7
        assert [note.body for note in forge.notes(ISSUE, "1")] == [f"note {number}" for number in range(1, 8)]
    finally:
        gitlab.server.page_size(None)


def test_issues_of_a_group_carry_their_project(
    gitlab: GitLab, world: World, forge: GitLabForge, new_repo: Callable[..., Path]
) -> None:
    """One factory for many projects reads them at once, and has a forge for each."""
    label = gitlab.path.replace("/", "-")
    path = f"{gitlab.path}-group/deeper/second"
    second = gitlab.server.project(path, source=new_repo({"b.py": "y = 1\n"}, name="second"))
    for project in (gitlab.id, second):
        gitlab.server.member(project, "factory-bot", "developer")
        gitlab.as_user("tess", "owner")
        gitlab.server.member(project, "tess", "owner")
        gitlab.api("tess").post(f"/projects/{project}/issues", {"title": "One", "labels": label})
    api = gitlab.api("factory-bot")
    above = GitLabGroup(api, "acme", Labels(), world.clock)
    assert [(found.project, found.issue.ticket.id) for found in above.queue(labels=[label])] == [
        (gitlab.path, "1"),
        (path, "1"),
    ]
    below = GitLabGroup(api, f"{gitlab.path}-group", Labels(), world.clock)
    assert [found.project for found in below.queue(any_label=[label, "other"])] == [path]
    one = below.forge(path, api.transfer(forge.git, path), forge.git)
    assert one.issue("1").ticket.title == "One"
    with pytest.raises(NotFound, match="group"):
        GitLabGroup(api, "no/such", Labels(), world.clock).queue()


def test_a_project_that_is_not_there_is_named(gitlab: GitLab, world: World) -> None:
    """Project and user are in the message; a token of nobody is refused."""
    api = gitlab.api("factory-bot")
    wrong = GitLabForge.open(
        api, api.transfer(world.git, "acme/no-such"), "acme/no-such", clock=world.clock, git=world.git
    )
    with pytest.raises(NotFound, match=r"acme/no-such.*factory-bot"):
        wrong.issues()
    with pytest.raises(NotFound, match="acme/no-such"):
        _ = wrong.default_branch


# People and events


def test_roles_are_those_of_members(gitlab: GitLab, forge: GitLabForge) -> None:
    """Exactly the user asked for counts, with the role that GitLab has; strangers have none."""
    for name, role in {"ann": "guest", "anna": "maintainer", "rita": "reporter", "olga": "owner"}.items():
        gitlab.as_user(name, role)
    gitlab.token("stranger")
    assert [forge.role_of(name) for name in ("ann", "anna", "Rita", "olga")] == [
        Role.GUEST,
        Role.MAINTAINER,
        Role.REPORTER,
        Role.OWNER,
    ]
    assert forge.role_of("stranger") is None
    assert forge.role_of("nobody-at-all") is None


def test_roles_are_asked_for_once(gitlab: GitLab, forge: GitLabForge) -> None:
    """The same person costs one request in a run."""
    gitlab.as_user("ann", "guest")
    gitlab.server.forget_requests()
    assert forge.role_of("ann") == forge.role_of("ann") == Role.GUEST
    assert len(gitlab.asked()) == 1


def test_bots_are_told_from_people(gitlab: GitLab, forge: GitLabForge) -> None:
    """By what GitLab says, or by the name of a token's user."""
    name = f"helper-{gitlab.id}"
    gitlab.server.user(name, bot=True)
    gitlab.as_user("ann", "guest")
    assert forge.is_bot(name)
    assert forge.is_bot("project_7_bot_0a1b")
    assert not forge.is_bot("ann")
    assert not forge.is_bot("nobody-at-all")


def test_the_first_code_owners_file_counts(world: World, forge: GitLabForge) -> None:
    """GitLab looks in the root, in docs and in .gitlab, in this order."""
    assert forge.code_owners("main") is None
    head = world.commit({"docs/CODEOWNERS": "* @docs\n", ".gitlab/CODEOWNERS": "* @gitlab\n"})
    forge.push("factory/1-a", head, expected=None)
    assert forge.code_owners("factory/1-a") == "* @docs\n"


def test_events_have_stable_ids_and_names(world: World, forge: GitLabForge) -> None:
    """The same history twice is the same events; no two share an id; each names its user."""
    made = world.merge_request("1", labels=("risk::low",), draft=True)
    world.clock.sleep(60)
    alice = world.as_user("alice")
    head = world.commit({"more.txt": "1\n"}, parent=made.head)
    alice.push(made.source_branch, head, expected=made.head)
    forge.ensure_merge_request(world.spec("1", title="Better", target_branch="main"))
    world.clock.sleep(60)
    forge.close(made.iid)
    first = forge.events()
    assert forge.events() == first
    assert len({event.id for event in first}) == len(first)
    told = [(event.kind, event.user, event.detail) for event in forge.events(MR, str(made.iid))]
    assert told[0] == (Kind.OPENED, "factory-bot", made.head)
    assert (Kind.LABEL_ADDED, "factory-bot", "risk::low") in told
    assert (Kind.PUSHED, "alice", head) in told
    assert (Kind.UPDATED, "factory-bot", "title") in told
    assert told[-1] == (Kind.CLOSED, "factory-bot", head)
    assert {event.target_id for event in forge.events(ISSUE)} == {"1"}


def test_time_is_unknown_until_somebody_logs_it(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Seconds spent on an issue; nothing logged is not zero seconds of work."""
    world.ticket("1")
    assert forge.time_spent("1") is None
    gitlab.as_user("tess", "owner")
    gitlab.api("tess").post(f"/projects/{gitlab.id}/issues/1/add_spent_time", {"duration": "1h 30m"})
    assert forge.time_spent("1") == 5400


def test_pipelines_jobs_and_artifacts_of_a_head(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """What ran on a commit can be read, within a limit of bytes."""
    from tests.gitlab_standin.control import Job

    made = world.merge_request("1")
    jobs = (Job("build", files={"out/report.json": "{}"}), Job("test", status="failed"))
    gitlab.server.pipeline(gitlab.id, made.source_branch, jobs=jobs)
    (pipeline,) = forge.pipelines(made.head)
    assert (pipeline.sha, pipeline.ref) == (made.head, made.source_branch)
    build, test = forge.jobs(pipeline.id)
    assert (build.name, build.has_artifacts, test.status, test.has_artifacts) == (
        "build",
        True,
        "failed",
        False,
    )
    assert forge.artifact(build.id, "out/report.json", limit=10) == b"{}"
    assert forge.artifact(build.id, "out/other.json", limit=10) is None
    with pytest.raises(ArtifactError):
        forge.artifact(build.id, "out/report.json", limit=1)
    assert forge.pipelines("0" * 40) == []


def test_discussions_are_threads_of_people(world: World, forge: GitLabForge) -> None:
    """Plain notes and comments on lines are threads; what GitLab notes itself is none."""
    made = world.merge_request("1", {"app.py": "x = 1\ny = 2\n"})
    world.as_user("alice").add_note(MR, str(made.iid), "Nice.")
    comment = InlineComment(fingerprint="f1", path="app.py", line=2, body="Why?")
    forge.ensure_comments(made.iid, [comment])
    found = sorted(forge.discussions(made.iid), key=lambda each: each.path or "")
    assert [(each.author, each.path, each.resolvable, each.resolved) for each in found] == [
        ("alice", None, False, False),
        ("factory-bot", "app.py", True, False),
    ]


def test_a_token_is_nowhere_in_an_error(gitlab: GitLab) -> None:
    """A revoked token is told by the server's words alone."""
    forge = gitlab.as_user("leaver")
    gitlab.server.revoke(gitlab.token("leaver"))
    with pytest.raises(Refused) as caught:
        forge.issues()
    assert not re.search("glpat-", str(caught.value) + repr(forge))
