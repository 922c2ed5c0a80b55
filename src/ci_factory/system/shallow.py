"""Shallow clones, as CI makes them: single commits brought from where the clone came from."""

import re

from ci_factory.errors import RepositoryError
from ci_factory.system.git import Git

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")


def bring(git: Git, *commits: str, remote: str = "origin") -> tuple[str, ...]:
    """Make sure that these commits are here, each alone without its history; returns those that were fetched.

    A change is the difference between two trees, so that is all the gates need of a base. A clone that is not
    shallow is not made so.

    Raises:
        RepositoryError: one is no commit's name, or the remote does not give it.
    """
    missing = tuple(dict.fromkeys(commit for commit in commits if not _is_here(git, commit)))
    depth = ("--depth=1",) if is_shallow(git) else ()
    for commit in missing:
        done = git.run(*_FETCH, *depth, "--", remote, commit)
        if not done.ok or not _is_here(git, commit):
            raise RepositoryError(
                f"the commit {commit} is not in this clone, and {remote} did not give it",
                where=str(git.folder),
                fix="give the job a deeper clone (GIT_DEPTH: 0), or start a new pipeline for the newest commit",
            )
    return missing


def bring_ref(git: Git, ref: str, remote: str = "origin") -> str:
    """Bring the commit here that a ref of the remote points at, and return its name; no ref is made for it here.

    A shallow clone gets it without its history.

    Raises:
        RepositoryError: the remote has no such ref, or does not give it.
    """
    listed = git.run("ls-remote", "--quiet", "--", remote, ref)
    found = [line.split("\t")[0] for line in listed.stdout.splitlines() if line.endswith(f"\t{ref}")]
    if not listed.ok or len(found) != 1:
        raise RepositoryError(
            f"{remote} has no {ref}, or did not tell", where=str(git.folder), fix="start a new pipeline"
        )
    bring(git, found[0], remote=remote)
    return found[0]


def is_shallow(git: Git) -> bool:
    """Whether the history of a clone was cut off."""
    return (git.common_dir() / "shallow").exists()


def _is_here(git: Git, commit: str) -> bool:
    if not _SHA.fullmatch(commit):
        raise RepositoryError(f"{commit!r} is not the name of a commit", fix="name it by its whole hash")
    return git.run("cat-file", "-e", f"{commit}^{{tree}}").ok
