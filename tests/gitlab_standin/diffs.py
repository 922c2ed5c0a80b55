"""Diffs as the API shows them."""

from tests.gitlab_standin.context import Json
from tests.gitlab_standin.repo import Repo


def diffs(git: Repo, base: str, head: str) -> list[Json]:
    """One entry a file."""
    raw = git.raw("diff-tree", "-r", "-M", "-z", "--raw", base, head).decode("utf-8", "replace")
    fields = iter(raw.split("\0"))
    found = []
    for meta in fields:
        if not meta.startswith(":"):
            continue
        old_mode, new_mode, _, _, status = meta[1:].split(" ")
        old = next(fields)
        new = next(fields) if status[0] in "RC" else old
        text = git.raw("diff-tree", "-r", "-M", "-p", base, head, "--", *{old, new}).decode(
            "utf-8", "replace"
        )
        start = text.find("@@ ")
        found.append(
            {
                "old_path": old,
                "new_path": new,
                "a_mode": old_mode,
                "b_mode": new_mode,
                "new_file": status[0] == "A",
                "renamed_file": status[0] == "R",
                "deleted_file": status[0] == "D",
                "generated_file": False,
                "collapsed": False,
                "too_large": False,
                "diff": text[start:] if start >= 0 else "",
            }
        )
    return found
