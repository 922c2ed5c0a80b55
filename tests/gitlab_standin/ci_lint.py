"""GitLab's check of a project's CI configuration: YAML, where includes point to, stages. It does not compile jobs."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from flask import Blueprint, Response

from tests.gitlab_standin import auth
from tests.gitlab_standin.context import Json, answer, call, db, parameters
from tests.gitlab_standin.repo import Repo
from tests.gitlab_standin.store import Row
from tests.gitlab_standin.versions import repo

api = Blueprint("ci_lint", __name__, url_prefix="/api/v4")
_FILE = ".gitlab-ci.yml"
_COMPONENT = re.compile(r"(?P<host>[^/]+)/(?P<project>.+)/(?P<name>[^/@]+)@(?P<ref>.+)")
_STAGES = ("build", "test", "deploy")
_KEYWORDS = {
    "stages",
    "include",
    "workflow",
    "default",
    "variables",
    "image",
    "services",
    "cache",
    "spec",
    "pages",
}


class _Loader(yaml.SafeLoader):
    """Takes `!reference` for what it is: a list."""


def _reference(loader: _Loader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node)


_Loader.add_constructor("!reference", _reference)


@api.get("/projects/<ref:ref>/ci/lint")
def lint(ref: str) -> Response:
    """The configuration at `content_ref`, else on the default branch."""
    project = auth.project(ref, auth.DEVELOPER)
    commit = parameters().get("content_ref") or project["default_branch"]
    text = _text(repo(project), commit, _FILE)
    errors = (
        ["Please provide content of .gitlab-ci.yml"] if text is None else list(_errors(project, commit, text))
    )
    shown: Json = {
        "valid": not errors,
        "errors": errors,
        "warnings": [],
        "merged_yaml": None if errors else text,
    }
    return answer(shown | {"includes": []})


def _text(git: Repo, ref: str, path: str) -> str | None:
    found = git.resolve(ref)
    if found is None or path not in git.git("ls-tree", "-r", "--name-only", found).splitlines():
        return None
    return git.git("show", f"{found}:{path}")


def _errors(project: Row, commit: str, text: str) -> Iterator[str]:
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - a safe loader with one tag more
    except yaml.YAMLError as error:
        yield f"Invalid configuration format: {error}"
        return
    if not isinstance(document, dict):
        yield "Invalid configuration format"
        return
    included = document.get("include") or []
    for each in included if isinstance(included, list) else [included]:
        yield from _include(project, commit, {"local": each} if isinstance(each, str) else each)
    stages = [".pre", *document.get("stages", _STAGES), ".post"]
    for name, job in document.items():
        if isinstance(job, dict) and not name.startswith(".") and name not in _KEYWORDS:
            stage = job.get("stage", "test")
            if stage not in stages:
                yield f"{name} job: chosen stage {stage} does not exist; available stages are {', '.join(stages)}"


def _include(project: Row, commit: str, entry: dict[str, Any]) -> Iterator[str]:
    if "local" in entry:
        if _text(repo(project), commit, str(entry["local"]).lstrip("/")) is None:
            yield f"Local file `{entry['local']}` does not exist!"
    elif "project" in entry:
        files = entry["file"] if isinstance(entry["file"], list) else [entry["file"]]
        for file in files:
            yield from _elsewhere(str(entry["project"]), str(entry.get("ref", "HEAD")), str(file).lstrip("/"))
    elif found := _COMPONENT.fullmatch(str(entry.get("component", ""))):
        yield from _elsewhere(found["project"], found["ref"], f"templates/{found['name']}.yml")


def _elsewhere(path: str, ref: str, file: str) -> Iterator[str]:
    found = db().one("SELECT * FROM project WHERE full_path = ?", path)
    if found is None or not auth.sees(db(), call().user, found):
        yield f"Project `{path}` not found or access denied! Make sure any includes in the pipeline configuration are correctly defined."
    elif _text(repo(found), ref, file) is None:
        yield f"Project `{path}` file `/{file}` does not exist!"
