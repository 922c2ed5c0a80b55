"""Commands about commits, the refs that name them, and their merges."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ci_factory.system.git import HUB_CONFIG
from tests.soak import git_files
from tests.soak.git_call import BRANCH, NAME, ZEROS, Answer, Call, Repository
from tests.soak.git_files import Objects, Unknown

LAST = "--format=%ce%n%B"
TIPS = "--format=%(objectname)%00%(refname)%00%(worktreepath)%00"


def commit_tree(call: Call) -> Answer:
    tree, *flags = call.only("--no-gpg-sign")
    parents = flags[1::2]
    if flags[::2] != ["-p"] * len(parents):
        raise Unknown
    rows = [f"tree {tree}", *(f"parent {each}" for each in dict.fromkeys(parents))]
    for role in ("AUTHOR", "COMMITTER"):
        name, address, date = (call.env[f"GIT_{role}_{part}"] for part in ("NAME", "EMAIL", "DATE"))
        if not (_plain(name) and _plain(address)):
            raise Unknown
        rows.append(f"{role.lower()} {name} <{address}> {date}")
    content = "\n".join(rows).encode() + b"\n\n" + call.stdin
    return 0, call.repo.objects.write("commit", content) + "\n"


def _plain(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9 @.-]*[A-Za-z0-9])?", text))


def update_ref(call: Call) -> Answer:
    name, new, old = call.only("-m", "ci-factory")
    now = call.repo.ref(name) or ZEROS
    if now != old:
        return 128, ""
    if not call.repo.objects.has(new) or (call.repo.branch == name and call.repo.checkout):
        raise Unknown
    path = call.repo.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.lock")
    partial.write_text(f"{new}\n", encoding="ascii")
    partial.replace(path)
    return 0, ""


def for_each_ref(call: Call) -> Answer:
    patterns = call.only(TIPS)
    said = []
    for name in sorted({ref for pattern in patterns for ref in _below(call.repo, pattern)}):
        tip = call.repo.ref(name)
        where = call.repo.checkout if call.repo.branch == name else None
        said.append(f"{tip}\0{name}\0{where or ''}\0\n")
    return 0, "".join(said)


def _below(repo: Repository, pattern: str) -> Iterator[str]:
    path = repo.folder / pattern
    if (repo.folder / "packed-refs").exists() or (repo.folder / "worktrees").exists():
        raise Unknown
    if path.is_file():
        yield pattern
    for each in path.rglob("*") if path.is_dir() else ():
        if each.is_file() and each.suffix != ".lock":
            yield str(each.relative_to(repo.folder))


def check_ref_format(call: Call) -> Answer:
    (name,) = call.only("--branch")
    if not BRANCH.fullmatch(name):
        raise Unknown
    return 0, f"{name}\n"


def symbolic_ref(call: Call) -> Answer:
    call.only("--quiet", "--short", "HEAD")
    branch = call.repo.branch
    return (0, branch.removeprefix("refs/heads/") + "\n") if branch else (1, "")


def merge_base(call: Call) -> Answer:
    if call.words[0] == "--is-ancestor":
        old, new = map(call.repo.resolve, call.words[1:])
        return int(old not in call.repo.ancestors(new)), ""
    found = call.repo.merge_base(*map(call.repo.resolve, call.words))
    return (0, f"{found}\n") if found else (1, "")


def rev_list(call: Call) -> Answer:
    what, span = call.words
    old, dots, new = span.partition("..")
    if not dots or what not in {"--count", "--boundary"}:
        raise Unknown
    below = call.repo.ancestors(call.repo.resolve(old)).keys()
    found = [each for each in call.repo.ancestors(call.repo.resolve(new)) if each not in below]
    if what == "--count":
        return 0, f"{len(found)}\n"
    parents = (parent for each in found for parent in call.repo.objects.commit(each).parents)
    boundary = [f"-{each}" for each in dict.fromkeys(parents) if each not in found]
    return 0, "".join(f"{each}\n" for each in (*found, *boundary))


def init(call: Call) -> Answer:
    call.only("--quiet", "--bare", "--template=", ".")
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        (call.repo.folder / name).mkdir(parents=True, exist_ok=True)
    (call.repo.folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
    (call.repo.folder / "config").write_bytes(HUB_CONFIG)
    return 0, ""


def log(call: Call) -> Answer:
    if call.words[0] != "-1":
        return _history(call)
    words = call.only("-1", LAST)
    commit = call.repo.objects.commit(call.repo.resolve(words[0]))
    if len(words) > 1:
        raise Unknown
    address = commit.committer.rsplit("<", 1)[1].removesuffix(">")
    return 0, f"{address}\n{commit.message.rstrip()}\n\n"


_HISTORIES: dict[tuple[str, ...], Answer] = {}
"""What git said of the history before a commit, which never changes."""


def _history(call: Call) -> Answer:
    if not any(NAME.fullmatch(word) for word in call.words) or call.repo.checkout is None:
        raise Unknown
    key = tuple(call.words)
    if key not in _HISTORIES:
        told = subprocess.run(
            ["git", "-c", "core.quotePath=false", "log", *call.words],
            cwd=call.repo.checkout,
            capture_output=True,
            check=True,
        )
        _HISTORIES[key] = (0, told.stdout.decode("utf-8", "replace"))
    return _HISTORIES[key]


def merge_tree(call: Call) -> Answer:
    rest = call.only("--write-tree", "--name-only", "--no-messages")
    if rest == ["--stdin"]:
        pairs = [row.split() for row in call.stdin.decode().splitlines()]
        return 0, "".join(f"1\0{_merged(call.repo, *pair)}\0\0" for pair in pairs)
    if rest[0] != "-z":
        raise Unknown
    return 0, f"{_merged(call.repo, *rest[1:])}\0"


def _merged(repo: Repository, ours: str, theirs: str) -> str:
    base = repo.merge_base(repo.resolve(ours), repo.resolve(theirs))
    if base is None:
        raise Unknown
    before, left, right = (repo.files(each) for each in (base, ours, theirs))
    found = dict(left)
    for path in before.keys() | right.keys():
        if right.get(path) in (before.get(path), left.get(path)):
            continue
        if left.get(path) != before.get(path) or path not in right:
            raise Unknown  # both went different ways, or one is gone
        found[path] = right[path]
    if any(
        each + b"/" in path
        for path in found
        for each in right.keys() - before.keys()
        if path.startswith(each)
    ):
        raise Unknown
    return repo.objects.tree(found)


def bundle(call: Call) -> Answer:
    if call.words[0] == "unbundle":
        return 0, git_files.unbundle(call.repo.objects, Path(call.words[1]).read_bytes())
    path, base, ref = call.only("create", "--quiet")
    head, base = call.repo.resolve(ref), call.repo.resolve(base.removeprefix("^"))
    objects, names = call.repo.objects, []
    known = _reachable(objects, objects.commit(base).tree)
    for commit in call.repo.ancestors(head).keys() - call.repo.ancestors(base).keys():
        names.append(commit)
        names += sorted(_reachable(objects, objects.commit(commit).tree) - known)
    if not names:
        raise Unknown
    Path(path).write_bytes(git_files.bundle(objects, base, ref, head, dict.fromkeys(names)))
    return 0, ""


def _reachable(objects: Objects, tree: str) -> set[str]:
    found = {tree}
    for mode, _, name in git_files.rows(objects.read(tree)[1]):
        found |= _reachable(objects, name) if mode == git_files.FOLDER else {name}
    return found


def worktree(call: Call) -> Answer:
    call.only("prune")
    if (call.repo.folder / "worktrees").exists():
        raise Unknown
    return 0, ""
