"""The manifests of both sides of a change, from git itself: the checkouts that tools see have the base's settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ci_factory.gates.subject import Subject
from ci_factory.manifests.model import Manifest, ManifestError
from ci_factory.manifests.python import SCRIPT_MARK
from ci_factory.manifests.registry import included, is_lock, is_requirements, parser_of, read

MAX_BYTES = 2 * 1024 * 1024
MAX_LOCK_BYTES = 64 * 1024 * 1024
"""Of a manifest and of a lock file; larger ones are not read, and said to be so."""
_MAX_MANIFESTS = 2000


@dataclass(frozen=True)
class Read:
    """Manifests of one side, by path, and what could not be read."""

    manifests: Mapping[str, Manifest]
    problems: Sequence[ManifestError] = ()


def changed_manifests(subject: Subject) -> set[str]:
    """Paths of changed files that declare dependencies, by their own name or because a manifest includes them."""
    every = {path: change for change in subject.change.files for path in (change.path, change.old_path)}
    named = {path for path, change in every.items() if parser_of(path) is not None}
    named |= {
        path for path in every if path.endswith(".py") and path not in named and _is_script(subject, path)
    }
    others = {path for path in every if path not in named and path.endswith((".txt", ".in", ".pip", ".cfg"))}
    if others:
        named |= others & _included(subject)
    return {every[path].path for path in named}


def _is_script(subject: Subject, path: str) -> bool:
    """Whether a program has a comment that names what it needs, and the change adds comments to it."""
    if not any(line.text.startswith("#") for line in subject.change.added.get(path, ())):
        return False
    return SCRIPT_MARK in (subject.repo.show(subject.change.head, path) or "")


def _included(subject: Subject) -> set[str]:
    """Files that requirements files of either side include."""
    found: set[str] = set()
    for tree in (subject.change.base_tree, subject.change.head_tree):
        paths = [
            path
            for path in subject.repo.files(tree)
            if is_requirements(path) or path.endswith("pyproject.toml")
        ]
        for path, manifest in read_side(subject, tree, set(), paths[:_MAX_MANIFESTS]).manifests.items():
            found |= {name for each in manifest.includes if (name := included(path, each))}
    return found


def read_side(subject: Subject, tree: str, changed: set[str], others: Sequence[str] | None = None) -> Read:
    """The changed manifests of a tree, and what people wrote in the others (lock files that did not change say nothing new)."""
    present = set(subject.repo.files(tree))
    if others is None:
        others = [path for path in sorted(present) if parser_of(path) and not is_lock(path)][:_MAX_MANIFESTS]
    manifests: dict[str, Manifest] = {}
    problems: list[ManifestError] = []
    for path in sorted({*others, *changed} & present):
        try:
            manifests[path] = read(path, _text(subject, tree, path))
        except ManifestError as error:
            if path in changed:
                problems.append(error)
    return Read(manifests, problems)


def _text(subject: Subject, tree: str, path: str) -> str:
    limit = MAX_LOCK_BYTES if is_lock(path) else MAX_BYTES
    size = subject.repo.run("cat-file", "-s", f"{tree}:{path}").stdout.strip()
    if not size.isdigit() or int(size) > limit:
        raise ManifestError(f"is larger than {limit // 2**20} MiB", where=path, fix="split it")
    return subject.repo.show(tree, path) or ""
