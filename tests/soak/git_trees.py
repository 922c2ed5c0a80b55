"""Commands that move files between a folder, an index and trees."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.soak import git_files
from tests.soak.git_call import Answer, Call
from tests.soak.git_files import Entry, Unknown


def add(call: Call) -> Answer:
    call.only("--all", "--verbose", ".")
    folder = call.repo.checkout
    if folder is None:
        raise Unknown
    before = git_files.read_index(call.index)
    after = {path: _staged(call, folder, path) for path in sorted(_walk(os.fsencode(folder), b""))}
    said = [f"add '{path.decode()}'\n" for path, each in after.items() if before.get(path) != each]
    said += [f"remove '{path.decode()}'\n" for path in before if path not in after]
    if said:
        git_files.write_index(call.index, after)
    return 0, "".join(said)


def _walk(folder: bytes, prefix: bytes) -> Iterator[bytes]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda each: each.name)
    for each in entries:
        if each.name in {b".gitignore", b".gitattributes"} or (prefix and each.name == b".git"):
            raise Unknown
        if each.is_dir(follow_symlinks=False):
            if each.name != b".git":
                yield from _walk(each.path, prefix + each.name + b"/")
        elif each.is_file(follow_symlinks=False):
            yield prefix + each.name
        else:
            raise Unknown  # a link


def _staged(call: Call, folder: Path, path: bytes) -> Entry:
    place = folder / os.fsdecode(path)
    mode = "100755" if place.stat().st_mode & stat.S_IXUSR else "100644"
    return mode, call.repo.objects.write("blob", place.read_bytes())


def hash_object(call: Call) -> Answer:
    call.only("-w", "--stdin")
    return 0, call.repo.objects.write("blob", call.stdin) + "\n"


def write_tree(call: Call) -> Answer:
    call.only()
    return 0, call.repo.objects.tree(git_files.read_index(call.index)) + "\n"


def reset(call: Call) -> Answer:
    call.only("--quiet", "--hard", "--no-recurse-submodules")
    if call.repo.checkout is None or call.index.exists():
        raise Unknown
    files = call.repo.files("HEAD")
    _check_out(call, call.repo.checkout, files)
    git_files.write_index(call.index, files)
    return 0, ""


def read_tree(call: Call) -> Answer:
    if len(call.words) == 1:
        git_files.write_index(call.index, call.repo.files(call.words[0]))
        return 0, ""
    (tree,) = call.only("--reset", "-u")
    if call.repo.checkout is None:
        raise Unknown
    before, after = git_files.read_index(call.index), call.repo.files(tree)
    for path in before.keys() - after.keys():
        Path(call.repo.checkout, os.fsdecode(path)).unlink(missing_ok=True)
    _check_out(
        call, call.repo.checkout, {path: each for path, each in after.items() if before.get(path) != each}
    )
    git_files.write_index(call.index, after)
    return 0, ""


def _check_out(call: Call, folder: Path, files: Mapping[bytes, Entry]) -> None:
    if any(
        name.rsplit(b"/")[-1].startswith(b".gita") or mode != "100644" for name, (mode, _) in files.items()
    ):
        raise Unknown
    for path, (_, blob) in files.items():
        place = Path(folder, os.fsdecode(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_bytes(call.repo.objects.read(blob)[1])


def update_index(call: Call) -> Answer:
    call.only("-z", "--replace", "--index-info")
    files = git_files.read_index(call.index)
    for row in call.stdin.split(b"\0")[:-1]:
        facts, path = row.split(b"\t", 1)
        mode, name = facts.decode().split(" ")
        if mode == "0":
            files.pop(path, None)
        else:
            files[path] = (mode, name)
    git_files.write_index(call.index, files)
    return 0, ""


def checkout_index(call: Call) -> Answer:
    rest = call.only("--force", "--quiet")
    files = git_files.read_index(call.index)
    if rest == ["-z", "--stdin"]:
        files = {path: files[path] for path in call.stdin.split(b"\0")[:-1]}
    elif rest != ["--all"]:
        raise Unknown
    _check_out(call, Path(call.worktree), files)
    return 0, ""
