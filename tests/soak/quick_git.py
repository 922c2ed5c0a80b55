"""Git in this process, for a simulation of many nights: the commands that a night uses most, on real repositories.

What it can't answer word for word as git does is left to git. tests/soak/test_soak_git.py compares both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_factory.system.process import Completed
from tests.soak import git_commits, git_looks, git_trees
from tests.soak.git_call import Answer, Call, Repository
from tests.soak.git_files import Objects, Unknown


def answer(argv: Sequence[str], cwd: Path, env: Mapping[str, str], stdin: bytes | None) -> Completed | None:
    """What git would have left behind; `None` when only git itself knows."""
    words = list(argv[1:])
    while len(words) > 1 and words[0] == "-c":
        del words[:2]
    worktree = words.pop(0).partition("=")[2] if words[0].startswith("--work-tree=") else ""
    if words[0] not in COMMANDS:
        return None
    try:
        repo = Repository(cwd, Objects(""), None) if words[0] == "init" else Repository.at(cwd, env)
        call = Call(repo, words[1:], env, stdin or b"", worktree)
        status, said = COMMANDS[words[0]](call)
    except (Unknown, OSError, ValueError, KeyError, IndexError):
        return None
    return Completed(tuple(argv), status, said, "" if status < 2 else "fatal: there is none\n", 0.0)


@dataclass
class Blobs:
    """`git cat-file --batch`."""

    repo: Repository
    _rest: bytes = b""

    def ask(self, line: bytes) -> bytes:
        """Name, kind and size."""
        name = line.decode()
        try:
            kind, content = self.repo.objects.read(name)
        except Unknown:
            return f"{name} missing".encode()
        self._rest = content + b"\n"
        return f"{name} {kind} {len(content)}".encode()

    def more(self, size: int) -> bytes:
        """The content."""
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


COMMANDS: dict[str, Callable[[Call], Answer]] = {
    "add": git_trees.add,
    "bundle": git_commits.bundle,
    "cat-file": git_looks.cat_file,
    "check-ref-format": git_commits.check_ref_format,
    "checkout-index": git_trees.checkout_index,
    "commit-tree": git_commits.commit_tree,
    "diff": git_looks.diff,
    "diff-tree": git_looks.diff_tree,
    "for-each-ref": git_commits.for_each_ref,
    "log": git_commits.log,
    "hash-object": git_trees.hash_object,
    "init": git_commits.init,
    "ls-tree": git_looks.ls_tree,
    "merge-base": git_commits.merge_base,
    "merge-tree": git_commits.merge_tree,
    "read-tree": git_trees.read_tree,
    "reset": git_trees.reset,
    "rev-list": git_commits.rev_list,
    "rev-parse": git_looks.rev_parse,
    "symbolic-ref": git_commits.symbolic_ref,
    "update-index": git_trees.update_index,
    "update-ref": git_commits.update_ref,
    "worktree": git_commits.worktree,
    "write-tree": git_trees.write_tree,
}
