"""The repository through the API: branches, commits, files, tree, comparison."""

import base64
import hashlib

from flask import Blueprint, Response

from tests.gitlab_standin import auth, merging, present
from tests.gitlab_standin.context import (
    Json,
    answer,
    call,
    fail,
    missing,
    no_content,
    not_found,
    parameters,
    truth,
)
from tests.gitlab_standin.pagination import page_of
from tests.gitlab_standin.pushes import Move, take_in
from tests.gitlab_standin.repo import GitFailed, Repo
from tests.gitlab_standin.store import Row, moment, stamp
from tests.gitlab_standin.versions import repo

api = Blueprint("repository", __name__, url_prefix="/api/v4")
_REPOSITORY = "/projects/<ref:ref>/repository"
_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01"
_ZERO = "0" * 40


def _readable(ref: str) -> tuple[Row, Repo]:
    project = auth.project(ref, auth.REPORTER)
    return project, repo(project)


# Commits


def commits(git: Repo, project: Row, *args: str) -> list[Json]:
    """Commits that `git log` finds."""
    text = git.git("log", f"--format={_FORMAT}", *args)
    return [_commit(entry.strip("\n").split("\0"), project) for entry in text.split("\x01") if entry.strip()]


def _commit(fields: list[str], project: Row) -> Json:
    sha, parents, author, author_email, authored, committer, committer_email, committed, message = fields
    return {
        "id": sha,
        "short_id": sha[:8],
        "created_at": stamp(moment(committed)),
        "parent_ids": parents.split(),
        "title": message.splitlines()[0] if message.strip() else "",
        "message": message,
        "author_name": author,
        "author_email": author_email,
        "authored_date": stamp(moment(authored)),
        "committer_name": committer,
        "committer_email": committer_email,
        "committed_date": stamp(moment(committed)),
        "trailers": {},
        "extended_trailers": {},
        "web_url": present.web_url(project, f"commit/{sha}"),
    }


@api.get(f"{_REPOSITORY}/commits")
def list_commits(ref: str) -> Response:
    """History of a branch or span, newest first."""
    project, git = _readable(ref)
    values = parameters()
    name = values.get("ref_name") or project["default_branch"]
    start, dots, end = name.partition("..")
    if git.resolve(start) is None or (dots and git.resolve(end) is None):
        not_found("Repository" if not values.get("ref_name") else "Commit")
    span = [f"{git.resolve(start)}..{git.resolve(end)}" if dots else git.resolve(start) or ""]
    path = ["--", values["path"]] if values.get("path") else []
    dates = [f"--{key}={values[key]}" for key in ("since", "until") if values.get(key)]
    return page_of(commits(git, project, *dates, *span, *path))


@api.get(f"{_REPOSITORY}/commits/<ref:sha>")
def get_commit(ref: str, sha: str) -> Response:
    """One commit, by id, branch or tag."""
    project, git = _readable(ref)
    if (found := git.resolve(sha)) is None:
        not_found("Commit")
    return answer(commits(git, project, "-1", found)[0] | {"status": None, "project_id": project["id"]})


@api.get(f"{_REPOSITORY}/commits/<ref:sha>/diff")
def get_commit_diff(ref: str, sha: str) -> Response:
    """What a commit changes."""
    from tests.gitlab_standin.diffs import diffs

    _, git = _readable(ref)
    if (found := git.resolve(sha)) is None:
        not_found("Commit")
    parent = git.resolve(f"{found}^1") or git.git("hash-object", "-t", "tree", "--stdin", "-w")
    return page_of(diffs(git, parent, found))


@api.get(f"{_REPOSITORY}/merge_base")
def get_merge_base(ref: str) -> Response:
    """The common ancestor of several refs."""
    project, git = _readable(ref)
    refs = [git.resolve(name) for name in parameters().get("refs", [])]
    if len(refs) < 2 or None in refs:
        fail(400, "Provide at least 2 refs")
    base = git.git("merge-base", *(name for name in refs if name))
    return answer(commits(git, project, "-1", base)[0])


@api.get(f"{_REPOSITORY}/compare")
def compare(ref: str) -> Response:
    """What one ref has that another lacks."""
    from tests.gitlab_standin.diffs import diffs

    project, git = _readable(ref)
    values = parameters()
    start, end = git.resolve(values.get("from", "")), git.resolve(values.get("to", ""))
    if start is None or end is None:
        not_found("Ref")
    base = start if truth(values.get("straight")) else git.merge_base(start, end) or start
    found = commits(git, project, "--reverse", f"{base}..{end}")
    return answer(
        {
            "commit": found[-1] if found else None,
            "commits": found,
            "diffs": diffs(git, base, end),
            "compare_timeout": False,
            "compare_same_ref": start == end,
            "web_url": present.web_url(project, f"compare/{start}...{end}"),
        }
    )


# Branches


def _show_branch(project: Row, git: Repo, name: str, sha: str) -> Json:
    rule, level = merging.protection(project, name), auth.my_level(project)
    push = auth.DEVELOPER if rule is None else rule["push_level"]
    return {
        "name": name,
        "commit": commits(git, project, "-1", sha)[0],
        "merged": name != project["default_branch"]
        and git.is_ancestor(sha, git.head(project["default_branch"]) or _ZERO),
        "protected": rule is not None,
        "developers_can_push": rule is not None and rule["push_level"] == auth.DEVELOPER,
        "developers_can_merge": rule is not None and rule["merge_level"] == auth.DEVELOPER,
        "can_push": 0 < push <= level,
        "default": name == project["default_branch"],
        "web_url": present.web_url(project, f"tree/{name}"),
    }


@api.get(f"{_REPOSITORY}/branches")
def list_branches(ref: str) -> Response:
    """Branches by name; `search` takes `^start`, `end$` or a part."""
    project, git = _readable(ref)
    text = parameters().get("search", "")
    names = {name: sha for name, sha in sorted(git.branches().items()) if _matches(name, text)}
    return page_of([_show_branch(project, git, name, sha) for name, sha in names.items()])


def _matches(name: str, text: str) -> bool:
    if text.startswith("^"):
        return name.startswith(text[1:])
    return name.endswith(text[:-1]) if text.endswith("$") else text in name


@api.get(f"{_REPOSITORY}/branches/<ref:name>")
def get_branch(ref: str, name: str) -> Response:
    """One branch."""
    project, git = _readable(ref)
    if (sha := git.head(name)) is None:
        not_found("Branch")
    return answer(_show_branch(project, git, name, sha))


@api.post(f"{_REPOSITORY}/branches")
def create_branch(ref: str) -> Response:
    """A new branch at a commit."""
    project, values = auth.project(ref, auth.DEVELOPER), parameters()
    if gone := [key for key in ("branch", "ref") if not values.get(key)]:
        missing(*gone)
    git, name = repo(project), values["branch"]
    if not merging.sound_branch(name, git):
        fail(400, "Branch name is invalid")
    if git.head(name) is not None:
        fail(400, "Branch already exists")
    if (sha := git.resolve(values["ref"])) is None:
        fail(400, f"Invalid reference name: {values['ref']}")
    git.move(f"refs/heads/{name}", sha)
    call().moved.append(name)
    return answer(_show_branch(project, git, name, sha), 201)


@api.delete(f"{_REPOSITORY}/branches/<ref:name>")
def delete_branch(ref: str, name: str) -> Response:
    """Take a branch away; its open merge requests are closed."""
    project = auth.project(ref, auth.DEVELOPER)
    git = repo(project)
    if (sha := git.head(name)) is None:
        not_found("Branch")
    if name == project["default_branch"]:
        fail(403, "The default branch of a project cannot be deleted.")
    if merging.protection(project, name) is not None and auth.my_level(project) < auth.MAINTAINER:
        fail(403, "403 Forbidden - You are not allowed to delete protected branches from this project.")
    git.move(f"refs/heads/{name}", None, sha)
    call().moved.append(name)
    take_in(project, [Move(sha, _ZERO, f"refs/heads/{name}")])
    return no_content()


# Files


def _file(ref: str, path: str) -> tuple[Row, Repo, str, bytes]:
    project, git = _readable(ref)
    name = parameters().get("ref") or "HEAD"
    if (sha := git.resolve(project["default_branch"] if name == "HEAD" else name)) is None:
        not_found("Commit")
    try:
        return project, git, sha, git.raw("cat-file", "blob", f"{sha}:{path}")
    except GitFailed:
        not_found("File")


@api.get(f"{_REPOSITORY}/files/<ref:path>/raw")
def get_raw_file(ref: str, path: str) -> Response:
    """A file's bytes."""
    _, _, sha, data = _file(ref, path)
    return Response(data, headers={"X-Gitlab-Commit-Id": sha}, mimetype="text/plain")


@api.get(f"{_REPOSITORY}/files/<ref:path>")
def get_file(ref: str, path: str) -> Response:
    """A file, with its content in base64."""
    _, git, sha, data = _file(ref, path)
    return answer(
        {
            "file_name": path.rpartition("/")[2],
            "file_path": path,
            "size": len(data),
            "encoding": "base64",
            "content": base64.b64encode(data).decode(),
            "content_sha256": hashlib.sha256(data).hexdigest(),
            "ref": parameters().get("ref") or "HEAD",
            "blob_id": git.git("rev-parse", f"{sha}:{path}"),
            "commit_id": sha,
            "last_commit_id": git.git("log", "-1", "--format=%H", sha, "--", path),
            "execute_filemode": git.git("ls-tree", sha, "--", path).startswith("100755"),
        }
    )


@api.get(f"{_REPOSITORY}/tree")
def list_tree(ref: str) -> Response:
    """Files and folders."""
    project, git = _readable(ref)
    values = parameters()
    sha = git.resolve(values.get("ref") or project["default_branch"])
    if sha is None:
        not_found("Tree")
    deep = ["-r", "-t"] if truth(values.get("recursive")) else []
    path = [f"{values['path'].rstrip('/')}/"] if values.get("path") else []
    entries = git.raw("ls-tree", "-z", *deep, sha, "--", *path).split(b"\0")
    if path and entries == [b""]:
        not_found("invalid revision or path")
    return page_of([_entry(entry.decode("utf-8", "replace")) for entry in entries if entry])


def _entry(line: str) -> Json:
    meta, _, path = line.partition("\t")
    mode, kind, sha = meta.split(" ")
    return {"id": sha, "name": path.rpartition("/")[2], "type": kind, "path": path, "mode": mode}
