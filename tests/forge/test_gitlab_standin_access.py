"""The stand-in's tokens, roles, protected branches and git over HTTP."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from gitlab.exceptions import GitlabAuthenticationError, GitlabError, GitlabGetError

from tests.gitlab_standin.control import StandIn
from tests.gitlab_standin.example import Example, PushRefused
from tests.gitlab_standin.fixtures import place, server, tokens

__all__ = ["place", "server", "tokens"]
ARCHIVED = "You can't push code to an archived project."


def answer(place: Example, token: str, method: str, path: str, **data: str) -> tuple[int, Any]:
    """Status and body."""
    url = f"{place.server.url}/api/v4{path}"
    response = requests.request(method, url, json=data or None, headers={"PRIVATE-TOKEN": token}, timeout=30)
    return response.status_code, response.json() if response.content else None


# Tokens


def test_tokens_that_are_no_good(place: Example) -> None:
    """None, unknown, expired and revoked ones are 401, in GitLab's words; expiry is the first day without."""
    server = place.server
    assert answer(place, "glpat-unknown", "get", "/user") == (401, {"message": "401 Unauthorized"})
    assert requests.get(f"{server.url}/api/v4/user", timeout=30).status_code == 401
    graphql = {"errors": [{"message": "Invalid token"}]}
    url, headers = f"{server.url}/api/graphql", {"PRIVATE-TOKEN": "glpat-unknown"}
    assert (
        requests.post(url, json={"query": "{ metadata { version } }"}, headers=headers, timeout=30).json()
        == graphql
    )
    expired = server.token("dora", expires="2020-01-01")
    status, body = answer(place, expired, "get", "/user")
    assert (status, body["error"], "expired" in body["error_description"]) == (401, "invalid_token", True)
    assert answer(place, server.token("dora", expires="2999-01-01"), "get", "/user")[0] == 200
    revoked = server.token("dora")
    server.revoke(revoked)
    assert answer(place, revoked, "get", "/user")[1]["error_description"].startswith("Token was revoked")


def test_scopes(place: Example) -> None:
    """Reading needs read_api, writing api; 403 names what is missing; the token tells its own scopes."""
    reader, cloner = (place.server.token("dora", (scope,)) for scope in ("read_api", "write_repository"))
    issues = f"/projects/{place.id}/issues"
    assert answer(place, reader, "get", issues)[0] == 200
    status, body = answer(place, reader, "post", issues, title="x")
    assert (status, body["error"], body["scope"]) == (403, "insufficient_scope", "api")
    assert answer(place, cloner, "get", issues)[0] == 403
    assert answer(place, reader, "get", "/personal_access_tokens/self")[1]["scopes"] == ["read_api"]
    bearer = {"Authorization": f"Bearer {reader}"}
    assert (
        requests.get(f"{place.server.url}/api/v4/user", headers=bearer, timeout=30).json()["username"]
        == "dora"
    )


def test_a_job_token_reads_notes_and_writes_none(place: Example) -> None:
    """As GitLab's: notes of merge requests can be read, not written, and no merge request made."""
    mr = place.merge_request()
    headers = {"JOB-TOKEN": place.server.job_token("dora", place.id)}
    url = f"{place.server.url}/api/v4/projects/{place.id}/merge_requests"
    assert requests.get(f"{url}/{mr.iid}/notes", headers=headers, timeout=30).status_code == 200
    assert (
        requests.post(f"{url}/{mr.iid}/notes", json={"body": "x"}, headers=headers, timeout=30).status_code
        == 401
    )
    assert requests.post(url, json={"title": "x"}, headers=headers, timeout=30).status_code == 401


# Roles


ALLOWED = {
    ("get", ""): "guest",
    ("get", "/issues"): "guest",
    ("post", "/issues"): "guest",
    ("get", "/merge_requests"): "reporter",
    ("post", "/labels"): "reporter",
    ("get", "/repository/branches"): "reporter",
    ("post", "/merge_requests"): "developer",
    ("get", "/protected_branches"): "developer",
    ("post", "/protected_branches"): "maintainer",
    ("get", "/variables"): "maintainer",
    ("post", "/archive"): "owner",
}
ORDER = {"nemo": 0, "gus": 10, "rita": 20, "dora": 30, "max": 40, "olga": 50}
LEVELS = {"guest": 10, "reporter": 20, "developer": 30, "maintainer": 40, "owner": 50}


def test_roles(place: Example) -> None:
    """Who is nobody in the project does not see it (404); a role too low is 403; high enough passes the door."""
    for (method, path), least in ALLOWED.items():
        for name, level in ORDER.items():
            status, _ = answer(place, place.tokens[name], method, f"/projects/{place.id}{path}")
            door = {404} if name == "nemo" else {403} if level < LEVELS[least] else {200, 201, 400}
            assert status in door, (method, path, name, status)
            place.server.archive(place.id, archived=False)


def test_members_of_a_group_are_members_of_its_projects(place: Example) -> None:
    """Direct members and all members are two lists; a role can be taken away."""
    project = place.project("olga")
    place.server.member("group", "nemo", "developer")
    assert "nemo" not in {each.username for each in project.members.list(get_all=True)}
    everybody = {each.username: each.access_level for each in project.members_all.list(get_all=True)}
    assert (everybody["nemo"], everybody["gus"]) == (30, 10)
    nemo = place.client("olga").users.list(username="nemo")[0]
    assert project.members_all.get(nemo.id).access_level == 30
    assert place.project("nemo").permissions["group_access"]["access_level"] == 30
    place.server.member("group", "nemo", "none")
    with pytest.raises(GitlabGetError) as caught:
        place.project("nemo")
    assert (caught.value.response_code, caught.value.error_message) == (404, "404 Project Not Found")


def test_an_archived_project_is_read_only(place: Example) -> None:
    """Reading goes on; API writes are 403; a push is refused in GitLab's words."""
    place.server.archive(place.id)
    assert place.project().archived is True
    assert answer(place, place.tokens["olga"], "post", f"/projects/{place.id}/issues", title="x")[0] == 403
    with pytest.raises(PushRefused, match=ARCHIVED):
        place.push("change", {"a.txt": "1"})


def test_users_and_bots(place: Example) -> None:
    """A user alone tells whether it is a bot; a list of users does not."""
    place.server.user(f"bot-{place.id}", bot=True)
    found = place.client("dora").users.list(username=f"bot-{place.id}")[0]
    assert not hasattr(found, "bot")
    assert place.client("dora").users.get(found.id).bot is True
    assert answer(place, place.tokens["dora"], "get", "/user")[1]["username"] == "dora"
    assert place.client("dora").version()[0] == "18.11.0-ee"


# Git


def test_clone_and_push(place: Example) -> None:
    """What was pushed is there, by branch, by commit id and through the API."""
    head = place.push("feature/a+b", {"dir.txt": "hello\n"})
    place.git("fetch", "--quiet", place.url("rita"), head)
    assert place.git("show", "FETCH_HEAD:dir.txt") == "hello"
    project = place.project()
    assert project.branches.get("feature/a+b").commit["id"] == head
    assert project.files.raw("dir.txt", ref="feature/a+b") == b"hello\n"
    assert project.files.get("dir.txt", ref=head).decode() == b"hello\n"
    assert {entry["name"] for entry in project.repository_tree(ref=head)} == {"app.py", "dir.txt"}
    assert project.commits.get(head).title == "change"
    assert len(project.repository_compare("main", "feature/a+b")["diffs"]) == 1


def test_a_public_project_is_open_to_read(place: Example) -> None:
    """Nobody in particular clones and reads it, and changes nothing; a private one asks who it is."""
    path = f"group/public-{place.id}"
    public = place.server.project(path, source=place.folder, visibility="public")
    api = f"{place.server.url}/api/v4/projects"
    assert place.git("ls-remote", f"{place.server.url}/{path}.git", "main").endswith("refs/heads/main")
    assert requests.get(f"{api}/{public}/merge_requests", timeout=30).json() == []
    assert requests.post(f"{api}/{public}/issues", json={"title": "x"}, timeout=30).status_code == 401
    assert requests.get(f"{api}/{place.id}", timeout=30).status_code == 404
    private = requests.get(
        f"{place.server.url}/{place.path}.git/info/refs?service=git-upload-pack", timeout=30
    )
    assert (private.status_code, private.headers["WWW-Authenticate"]) == (401, 'Basic realm="GitLab"')


def test_a_large_push_goes_in_chunks(place: Example) -> None:
    """More than git's buffer of 1 MiB is sent without a length."""
    noise = subprocess.run(
        ["git", "hash-object", "--stdin"], input=b"x", capture_output=True, check=True
    ).stdout.hex()
    text = "\n".join(f"{number * 2654435761 % 2**64:x}{noise}" for number in range(60_000))
    place.git("config", "core.compression", "0")
    head = place.push("large", {"large.txt": text})
    assert place.project().branches.get("large").commit["id"] == head


def test_a_protected_branch_takes_no_push(place: Example) -> None:
    """A real hook says GitLab's words; patterns count; deleting and forcing are refused even to maintainers."""
    place.git("switch", "--quiet", "main")
    place.commit("a.txt", "1")
    with pytest.raises(
        PushRefused, match="You are not allowed to push code to protected branches on this project"
    ):
        place.git("push", place.url(), "main")
    place.git("push", place.url("max"), "main")
    place.git("commit", "--quiet", "--amend", "--message", "other")
    with pytest.raises(PushRefused, match="You are not allowed to force push code to a protected branch"):
        place.git("push", "--force", place.url("max"), "main")
    place.server.protect(place.id, "release/*", push="none")
    with pytest.raises(PushRefused, match="You are not allowed to create protected branches"):
        place.git("push", place.url("olga"), "main:refs/heads/release/1")
    with pytest.raises(PushRefused, match="The default branch of a project cannot be deleted"):
        place.git("push", place.url("olga"), ":refs/heads/main")
    assert {rule.name for rule in place.project().protectedbranches.list()} == {"main", "release/*"}
    assert place.project().branches.get("main").can_push is False


@pytest.mark.parametrize(
    ("user", "scopes", "words"),
    [
        ("nemo", ("api",), "could not be found or you don't have permission to view it"),
        ("rita", ("api",), "You are not allowed to push code to this project"),
        ("dora", ("read_repository",), "You are not allowed to upload code"),
        ("dora", ("read_api",), "HTTP Basic: Access denied"),
    ],
)
def test_a_push_without_the_right(place: Example, user: str, scopes: tuple[str, ...], words: str) -> None:
    """Each cause has its own words and nothing arrives."""
    place.tokens = place.tokens | {user: place.server.token(user, scopes)}
    with pytest.raises(PushRefused, match=words):
        place.push("change", {"a.txt": "1"}, user=user)
    assert [branch.name for branch in place.project("max").branches.list()] == ["main"]


def test_merge_request_refs_are_the_servers(place: Example) -> None:
    """Nobody pushes to refs/merge-requests."""
    with pytest.raises(PushRefused):
        place.git("push", place.url("olga"), "main:refs/merge-requests/1/head")


def test_many_at_once(place: Example) -> None:
    """Ten clients at the same time lose nothing and number nothing twice."""

    def work(number: int) -> None:
        client = place.with_token(place.tokens["dora"])
        for _ in range(5):
            client.http_post(f"/projects/{place.id}/issues", post_data={"title": f"by {number}"})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = [issue.iid for issue in place.project().issues.list(get_all=True, per_page=100)]
    assert sorted(found) == list(range(1, 51))


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    """Killed and started again in the same folder, everything is there; only the port is another."""
    with StandIn.start(tmp_path) as first:
        token = first.user("dora", admin=True)
        project = first.project("group/kept")
    with StandIn.start(tmp_path) as second:
        url = f"{second.url}/api/v4/projects/{project}"
        assert requests.get(url, headers={"PRIVATE-TOKEN": token}, timeout=30).json()["path"] == "kept"


def test_control_is_for_the_starter_alone(place: Example) -> None:
    """Without the key that only the starting process has, nothing behind GitLab's back happens."""
    url = f"{place.server.url}/-/stand-in/user"
    refused = requests.post(url, json={"name": "mallory", "bot": False, "admin": True}, timeout=30)
    assert refused.status_code == 403
    assert place.client("dora").users.list(username="mallory") == []


def test_unknown_places_are_404(place: Example) -> None:
    """In the forms that GitLab has for each."""
    token = place.tokens["dora"]
    assert answer(place, token, "get", "/nothing") == (404, {"error": "404 Not Found"})
    assert answer(place, token, "get", f"/projects/{place.id}/issues/9") == (
        404,
        {"message": "404 Not found"},
    )
    branch = f"/projects/{place.id}/repository/branches/none"
    assert answer(place, token, "get", branch) == (404, {"message": "404 Branch Not Found"})
    assert place.project().branches.get("main").default is True
    with pytest.raises((GitlabError, GitlabAuthenticationError)):
        place.client("dora").http_get("/projects/group%2Fnone")
    assert json.loads(json.dumps(place.project().attributes))["path_with_namespace"] == place.path
