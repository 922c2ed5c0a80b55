"""Files that decide how changes are judged: a change of them is for a person (attacks 21, 22)."""

import configparser
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from pathspec import GitIgnoreSpec

from ci_factory.gates import configuration
from ci_factory.gates.subject import SideName, Subject
from ci_factory.model import plain_ini, plain_toml
from ci_factory.model.base import Json
from ci_factory.model.protected import PIPELINE, local_includes, pipeline_files
from ci_factory.system.git import FileChange

_TOOLS = {
    "bandit",
    "black",
    "coverage",
    "detect-secrets",
    "flake8",
    "mypy",
    "pylint",
    "pyright",
    "pytest",
    "ruff",
    "semgrep",
}
"""Tables of pyproject.toml's `tool` that configure a judge."""
_SECTION = re.compile(r"(tool:)?pytest|mypy([-.:].*)?|coverage:.*|flake8|pylint.*|bandit|pycodestyle|pyright")
_PACKAGE_KEYS = ("jest", "eslintConfig", "prettier", "mocha", "ava", "nyc", "c8", "vitest", "xo", "standard")
_PACKAGE_SCRIPTS = ("test", "lint", "typecheck", "pretest", "posttest", "check")
_MAX_BYTES = 1024 * 1024


def changed(subject: Subject) -> Iterator[tuple[str, str]]:
    """Path and what is to be said of every change to a file that judges."""
    spec = GitIgnoreSpec.from_lines([*PIPELINE, *_includes(subject)])
    every = (*subject.change.files, *subject.change.odd)
    for change in every:
        if spec.match_file(change.path) or spec.match_file(change.old_path):
            yield change.path, "decides how changes are built, judged or owned"
    for change in subject.change.files:
        if said := _settings(subject, change):
            yield change.path, f"{said}; judged with the base's version"


def _includes(subject: Subject) -> Iterator[str]:
    """Files that the base's pipeline is made of, and those that the head's own file adds to them."""
    yield from pipeline_files(lambda path: _text(subject, "base", path), lambda: subject.base_entries)
    if any(each.path == ".gitlab-ci.yml" for each in subject.change.files):
        yield from local_includes(_text(subject, "head", ".gitlab-ci.yml"))


def _settings(subject: Subject, change: FileChange) -> str:
    """What of a settings file changed that judges; empty when nothing did."""
    if change.status == "A" and PurePosixPath(change.path).name == "package.json":
        return ""  # a new package: nothing was decided before
    before = judging(change.old_path, _text(subject, "base", change.old_path) if change.status != "A" else "")
    after = judging(change.path, _text_of_head(subject, change))
    return "" if before == after else "settings of tools changed"


def _text_of_head(subject: Subject, change: FileChange) -> str:
    # the checkout has the base's settings laid over: the change's own are in the tree
    return "" if change.status == "D" else subject.repo.show(subject.change.head, change.path) or ""


def judging(path: str, text: str) -> Json:
    """The part of a file that judges; files that do nothing else are compared as a whole."""
    name = PurePosixPath(path).name
    if len(text) > _MAX_BYTES:
        return text
    if name == "pyproject.toml":
        return _tables(text)
    if name in {"setup.cfg", "tox.ini"}:
        return _sections(text)
    if name == "package.json":
        return _package(text)
    return text if configuration.is_settings(path) else None


def _tables(text: str) -> Json:
    try:
        tool = plain_toml.load(text).get("tool", {})
        named = tool if isinstance(tool, dict) else {}
        judges = {key: named[key] for key in _TOOLS & named.keys()}
        return json.dumps(judges, sort_keys=True, default=str)
    except (ValueError, RecursionError):
        return text


def _sections(text: str) -> Json:
    try:
        parser = plain_ini.load(text)
    except configparser.Error:
        return text
    return {name: sorted(parser.items(name)) for name in parser.sections() if _SECTION.fullmatch(name)}


def _package(text: str) -> Json:
    try:
        document: Any = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return text
    if not isinstance(document, dict):
        return text
    scripts = document.get("scripts")
    own = {key: scripts.get(key) for key in _PACKAGE_SCRIPTS} if isinstance(scripts, dict) else {}
    return {
        **{key: document.get(key) for key in _PACKAGE_KEYS},
        **{f"scripts.{k}": v for k, v in own.items()},
    }


def _text(subject: Subject, side: SideName, path: str) -> str:
    commit = subject.change.base if side == "base" else subject.change.head
    return subject.repo.show(commit, path) or ""
