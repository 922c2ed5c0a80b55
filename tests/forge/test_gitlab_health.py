"""What is asked of a GitLab before anything is written there, and what is made of the answers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.model.forge_settings import Rates
from ci_factory.model.health import Check, Health
from ci_factory.system.clock import ManualClock
from tests.gitlab_standin.control import Fault

GitLab = Any  # tests/forge/conftest.py
BOT = "factory-bot"
NEEDED = ["token", "project", "role", "branches"]


def seen(gitlab: GitLab, *, token: str | None = None, path: str | None = None) -> GitLabForge:
    """The project, asked for the first time; with another token of the same user, or another path."""
    if token is None:
        gitlab.as_user(BOT)
        token = gitlab.token(BOT)
    path = path or gitlab.path
    api = Api.open(gitlab.server.url, token, rates=Rates(tries=2), clock=ManualClock(gitlab.clock.now()))
    return GitLabForge.open(api, api.transfer(gitlab.git, path), path, clock=gitlab.clock, git=gitlab.git)


def examined(gitlab: GitLab, *, thorough: bool = False, **how: Any) -> dict[str, Check]:
    """Its checks by name. Whatever the case, nothing was written."""
    forge = seen(gitlab, **how)
    gitlab.server.forget_requests()
    found = forge.examine(thorough=thorough)
    asked = gitlab.server.requests()
    assert [each for each in asked if each.effect] == []
    assert {each.method for each in asked if "graphql" not in each.path and ".git/" not in each.path} <= {
        "GET"
    }
    return {check.name: check for check in found}


def health(checks: dict[str, Check]) -> dict[str, Health]:
    return {name: check.health for name, check in checks.items()}


def test_what_a_publication_needs_is_four_requests(gitlab: GitLab) -> None:
    """Token, project, role and branches are known after four requests."""
    found = examined(gitlab)
    assert health(found) == dict.fromkeys(NEEDED, Health.OK)
    assert len(gitlab.asked()) == 4


def test_a_thorough_look_adds_server_git_and_schedules(gitlab: GitLab) -> None:
    """What stops no publication is looked at only when asked for."""
    found = examined(gitlab, thorough=True)
    assert list(found) == ["server", *NEEDED, "git access", "schedules"]
    assert "GitLab 18." in found["server"].message
    assert gitlab.git.resolve("main")[:8] in found["git access"].message


# Token


@pytest.mark.parametrize(
    ("days", "expected", "says"),
    [
        (15, Health.OK, "until 2026-03-17"),
        (14, Health.WARNING, "ends on 2026-03-16, in 14 days"),
        (1, Health.WARNING, "in 1 days"),
        (0, Health.FAILED, "Token is expired"),
    ],
)
def test_the_end_of_a_token_is_told_two_weeks_before(
    gitlab: GitLab, days: int, expected: Health, says: str
) -> None:
    """A token is no good on the day that it names, and its end is a warning from 14 days before."""
    gitlab.as_user(BOT)
    end = (gitlab.clock.now() + timedelta(days=days)).date().isoformat()
    found = examined(gitlab, token=gitlab.server.token(BOT, ("api",), end))["token"]
    assert (found.health, says in found.message) == (expected, True)
    assert bool(found.fix) == (expected is not Health.OK)


@pytest.mark.parametrize("scopes", [("read_api",), ("read_repository", "write_repository"), ("read_user",)])
def test_a_missing_scope_is_named_with_what_is_there(gitlab: GitLab, scopes: tuple[str, ...]) -> None:
    """A token without `api` fails once, by its scopes; what it can't be asked leaves no second failure."""
    gitlab.as_user(BOT)
    found = examined(gitlab, token=gitlab.server.token(BOT, scopes))
    assert [name for name, check in found.items() if check.health is Health.FAILED] == ["token"]
    assert f"lacks the scope api (it has: {', '.join(sorted(scopes))})" in found["token"].message
    assert "scope `api`" in found["token"].fix


def test_a_wrong_token_is_one_failure_that_is_not_repeated(gitlab: GitLab) -> None:
    """Nothing else is asked with a token that nobody knows, and it is not in the words."""
    token = "glpat-nobodyknowsthistoken"  # noqa: S105 - of nobody
    found = examined(gitlab, token=token)
    assert health(found) == {"token": Health.FAILED}
    assert "401" in found["token"].message
    assert token not in str(found)


def test_a_revoked_token_is_told_in_gitlabs_words(gitlab: GitLab) -> None:
    """Revoked is another cause than expired."""
    gitlab.as_user(BOT)
    token = gitlab.server.token(BOT)
    gitlab.server.revoke(token)
    assert "revoked" in examined(gitlab, token=token)["token"].message


def test_a_server_that_does_not_know_the_question_leaves_the_token_open(gitlab: GitLab) -> None:
    """A token whose scopes can't be asked is neither good nor bad, and the rest is asked."""
    gitlab.server.fault(Fault("status", path="personal_access_tokens", status=404, body='{"message":"404"}'))
    found = examined(gitlab)
    assert health(found) == dict.fromkeys(NEEDED, Health.OK) | {"token": Health.UNKNOWN}


# Project and role


def test_a_project_that_is_not_there_is_named(gitlab: GitLab) -> None:
    """The path and the user stand in the message: GitLab hides what one may not see."""
    found = examined(gitlab, path="acme/nothing")["project"]
    assert found.health is Health.FAILED
    assert "'acme/nothing' for factory-bot" in found.message


@pytest.mark.parametrize("role", ["guest", "reporter"])
def test_a_role_that_does_not_suffice_is_named(gitlab: GitLab, role: str) -> None:
    """Guests and reporters may not push; branches are not asked for then."""
    forge = seen(gitlab)
    gitlab.server.member(gitlab.id, BOT, role)
    found = {check.name: check for check in forge.examine()}
    assert found["role"].health is Health.FAILED
    assert f"only {role}" in found["role"].message
    assert "Developer" in found["role"].fix
    assert "branches" not in found


def test_a_stranger_to_a_public_project_is_no_member(gitlab: GitLab) -> None:
    """Seeing a project is not being allowed to write to it."""
    path = f"{gitlab.path}-public"
    gitlab.server.project(path, source=gitlab.git.folder, visibility="public")
    found = examined(gitlab, path=path)["role"]
    assert (found.health, "no member" in found.message) == (Health.FAILED, True)


def test_an_archived_project_fails_beside_what_else_is_known(gitlab: GitLab) -> None:
    """Archived is the cause, and the role is still told."""
    gitlab.server.archive(gitlab.id)
    found = examined(gitlab, thorough=True)
    failed = [name for name, check in found.items() if check.health is Health.FAILED]
    assert failed == ["archived"]
    assert "unarchive" in found["archived"].fix
    assert found["role"].health is Health.OK


# Branches


@pytest.mark.parametrize(
    ("pattern", "shut"),
    [
        ("factory/*", True),
        ("*", True),
        ("f*-example", True),
        ("factory/1-example", True),
        ("factory", False),
        ("release/*", False),
        ("factory/?-example", False),
        ("factory/[0-9]*", False),
    ],
)
def test_protected_patterns_are_read_as_gitlab_reads_them(gitlab: GitLab, pattern: str, shut: bool) -> None:
    """`*` is the only wildcard, and it stands for slashes too."""
    gitlab.server.protect(gitlab.id, pattern, push="maintainer")
    found = examined(gitlab)["branches"]
    assert (found.health is Health.FAILED) == shut
    assert (repr(pattern) in f"{found.message}{found.fix}") == shut


def test_a_branch_that_nobody_may_push_stops_an_owner_too(gitlab: GitLab) -> None:
    """Access level 0 is less than every role."""
    gitlab.as_user(BOT)
    gitlab.server.member(gitlab.id, BOT, "owner")
    gitlab.server.protect(gitlab.id, "factory/*", push="none")
    forge = seen(gitlab)
    gitlab.server.member(gitlab.id, BOT, "owner")
    assert {check.name: check.health for check in forge.examine()}["branches"] is Health.FAILED


def protect(gitlab: GitLab, pattern: str, *, force: bool, level: int = 30) -> None:
    gitlab.as_user("tess", "owner")
    data = {"name": pattern, "push_access_level": level, "allow_force_push": force}
    gitlab.api("tess").post(f"/projects/{gitlab.id}/protected_branches", data)


def test_a_rule_against_forced_pushes_is_a_warning(gitlab: GitLab) -> None:
    """First pushes work under it; doing a ticket again would not."""
    protect(gitlab, "factory/*", force=False)
    found = examined(gitlab)["branches"]
    assert (found.health, "allow force push" in found.fix) == (Health.WARNING, True)


def test_the_most_permissive_rule_counts(gitlab: GitLab) -> None:
    """A rule for all branches does not hinder what another one allows."""
    gitlab.server.protect(gitlab.id, "*", push="none")
    protect(gitlab, "factory/*", force=True)
    assert examined(gitlab)["branches"].health is Health.OK


# Schedules


def schedules(gitlab: GitLab) -> list[Check]:
    return [check for check in seen(gitlab).examine(thorough=True) if check.name == "schedules"]


def test_schedules_that_run_are_one_line(gitlab: GitLab) -> None:
    """Two sound schedules are named together, with owner and time."""
    gitlab.as_user("tess", "maintainer")
    for name in ("nightly", "weekly"):
        gitlab.server.schedule(gitlab.id, name, owner="tess", cron="17 2 * * *")
    (found,) = schedules(gitlab)
    assert (found.health, found.fix) == (Health.OK, "")
    assert found.message == "active: “nightly” (tess, 17 2 * * *), “weekly” (tess, 17 2 * * *)"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda gitlab: gitlab.server.schedule(gitlab.id, "n", owner="olga", active=False), "is not active"),
        (lambda gitlab: gitlab.server.member(gitlab.id, "olga", "none"), "olga, who is no active member"),
        (lambda gitlab: gitlab.server.member(gitlab.id, "olga", "reporter"), "olga, who is reporter"),
    ],
)
def test_a_schedule_that_starts_nothing_is_named(
    gitlab: GitLab, spoil: Callable[[GitLab], object], says: str
) -> None:
    """Switched off, or owned by somebody who left or lost their role: GitLab itself says nothing."""
    gitlab.as_user("olga", "maintainer")
    gitlab.server.schedule(gitlab.id, "nightly", owner="olga")
    spoil(gitlab)
    (found,) = schedules(gitlab)
    assert (found.health, says in found.message) == (Health.WARNING, True)
    assert "Pipeline schedules" in found.fix


@pytest.mark.parametrize("fault", [None, Fault("status", path="pipeline_schedules", status=403)])
def test_schedules_that_can_not_be_known_are_unknown(gitlab: GitLab, fault: Fault | None) -> None:
    """No schedule, or no right to see them, is no bad news."""
    if fault:
        gitlab.server.fault(fault)
    (found,) = schedules(gitlab)
    assert found.health is Health.UNKNOWN


@pytest.mark.parametrize(
    ("status", "days", "expected"),
    [("success", 8, Health.OK), ("failed", 0, Health.WARNING), ("success", 9, Health.WARNING)],
)
def test_the_last_scheduled_pipeline_is_told(
    gitlab: GitLab, status: str, days: int, expected: Health
) -> None:
    """When a schedule last started a pipeline, how that ended, and whether it is long ago; pushes do not count."""
    gitlab.as_user("tess", "owner")
    gitlab.server.schedule(gitlab.id, "nightly", owner="tess")
    for source, ended in (("schedule", "canceled"), ("schedule", status), ("push", "running")):
        gitlab.server.pipeline(gitlab.id, "main", source=source, status=ended)
    gitlab.clock.sleep(days * 24 * 3600)
    found = examined(gitlab, thorough=True)["scheduled run"]
    assert (found.health, f"2026-03-02 18:00 UTC: {status}" in found.message) == (expected, True)


# Server


def test_an_empty_project_has_nothing_to_start_from(gitlab: GitLab) -> None:
    """No first commit is a failure with its remedy, not a traceback."""
    path = f"{gitlab.path}-empty"
    gitlab.as_user(BOT)
    gitlab.server.member(gitlab.server.project(path), BOT, "developer")
    found = examined(gitlab, path=path, thorough=True)["git access"]
    assert (found.health, "first commit" in found.fix) == (Health.FAILED, True)


def test_an_address_without_a_gitlab_is_one_failure(gitlab: GitLab) -> None:
    """Something that answers 404 to the first question is no GitLab."""
    gitlab.server.fault(Fault("status", path="/version", status=404, body="<h1>Not here</h1>"))
    found = examined(gitlab, thorough=True)
    assert health(found) == {"server": Health.FAILED}
    assert "forge.url" in found["server"].fix


def test_a_server_that_stops_answering_leaves_what_was_found(gitlab: GitLab) -> None:
    """An outage between two questions keeps the first answers when thorough, and is an error when not."""
    gitlab.server.fault(Fault("status", path="members/all", status=502))
    found = examined(gitlab, thorough=True)
    assert list(found) == ["server", "token", "project", "forge"]
    assert (found["forge"].health, "502" in found["forge"].message) == (Health.FAILED, True)
    with pytest.raises(ForgeError, match="502"):
        seen(gitlab).examine()


def test_git_that_can_not_get_through_is_told_apart(gitlab: GitLab) -> None:
    """The API may answer where git's own way is shut."""
    gitlab.server.fault(Fault("status", path=r"\.git/", status=403))
    found = examined(gitlab, thorough=True)["git access"]
    assert (found.health, "forbids" in found.message) == (Health.FAILED, True)
