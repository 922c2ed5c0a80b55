"""Commands that look into trees and at what differs between them."""

import os
from collections.abc import Iterator
from difflib import SequenceMatcher

from tests.soak import git_files
from tests.soak.git_call import ZEROS, Answer, Call
from tests.soak.git_files import Entry, Unknown

_LINES = ("--no-ext-diff", "--no-textconv", "--no-color")


def rev_parse(call: Call) -> Answer:
    if call.words == ["--git-common-dir"]:
        return 0, ".git\n" if call.repo.checkout else ".\n"
    quiet = ["--verify", "--quiet", "--end-of-options"]
    if call.words[:-1] not in (["--verify"], quiet):
        raise Unknown
    wanted = call.words[-1]
    if (
        call.words[:-1] == quiet
        and wanted.startswith("refs/")
        and "^" not in wanted
        and call.repo.ref(wanted) is None
    ):
        return 1, ""
    return 0, call.repo.resolve(wanted) + "\n"


def cat_file(call: Call) -> Answer:
    if call.words[0] == "-e":
        call.repo.resolve(call.words[1])
        return 0, ""
    (wanted,) = call.only("blob")
    revision, colon, path = wanted.partition(":")
    name = call.repo.resolve(revision) if not colon else _blob(call, revision, path)
    if name is None:
        return 128, ""
    kind, content = call.repo.objects.read(name)
    if kind != "blob":
        raise Unknown
    return 0, content.decode("utf-8", "replace")


def _blob(call: Call, revision: str, path: str) -> str | None:
    if path.startswith((".", "/")) and not path.startswith((".git", ".ci-")):
        raise Unknown
    found = call.repo.files(revision).get(os.fsencode(path))
    return found[1] if found else None


def ls_tree(call: Call) -> Answer:
    words = call.only("-r", "-z")
    options = {"-l", "--full-tree", "--name-only"}
    asked = [word for word in words if word in options]
    rest = [word for word in words if word not in options]
    revision, paths = rest[0], rest[2:] if rest[1:2] == ["--"] else rest[1:]
    if (paths and rest[1] != "--") or revision.startswith("-"):
        raise Unknown
    wanted = {os.fsencode(path) for path in paths}
    rows = call.repo.files(revision).items()
    return 0, "".join(_row(call, asked, path, each) for path, each in rows if not wanted or path in wanted)


def _row(call: Call, asked: list[str], path: bytes, entry: Entry) -> str:
    shown = path.decode()
    if "--name-only" in asked:
        return f"{shown}\0"
    if entry[0] == git_files.SUBMODULE:
        raise Unknown
    size = f" {len(call.repo.objects.read(entry[1])[1]):>7}" if "-l" in asked else ""
    return f"{entry[0]} blob {entry[1]}{size}\t{shown}\0"


def _changes(call: Call, old: str, new: str) -> Iterator[tuple[bytes, Entry | None, Entry | None]]:
    before, after = call.repo.files(old), call.repo.files(new)
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield path, before.get(path), after.get(path)


def diff_tree(call: Call) -> Answer:
    *flags, old, new = call.words
    rows = list(_changes(call, old, new))
    if any(first and second and first[0] != second[0] for _, first, second in rows):
        raise Unknown  # a changed mode
    renamed = {first is None for _, first, second in rows if not (first and second)}
    if "-M" in flags and len(renamed) > 1:
        raise Unknown  # maybe a rename
    if flags in (["-r", "-z", "-M"], ["-r", "-z", "--no-renames"]):
        return 0, "".join(_raw(*row) for row in rows)
    if [*flags[:3]] == ["-r", "-p", "-U0"] and set(flags[3:]) <= {"-M", "--no-renames", "--text", *_LINES}:
        return 0, "".join(_patch(call, *row) for row in rows)
    raise Unknown


def _raw(path: bytes, old: Entry | None, new: Entry | None) -> str:
    letter = "A" if old is None else "D" if new is None else "M"
    before, after = old or ("000000", ZEROS), new or ("000000", ZEROS)
    return f":{before[0]} {after[0]} {before[1]} {after[1]} {letter}\0{path.decode()}\0"


def _texts(call: Call, old: Entry | None, new: Entry | None) -> tuple[list[str], list[str]]:
    found = []
    for entry in (old, new):
        content = call.repo.objects.read(entry[1])[1] if entry else b""
        if b"\0" in content or (content and not content.endswith(b"\n")) or b"\r" in content:
            raise Unknown
        found.append(content.decode().splitlines(keepends=True))
    return found[0], found[1]


def _hunks(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return [each for each in matcher.get_opcodes() if each[0] != "equal"]


def _patch(call: Call, path: bytes, old: Entry | None, new: Entry | None) -> str:
    name = path.decode("ascii")
    if not all(each.isalnum() or each in "/._-" for each in name):
        raise Unknown
    before, after = _texts(call, old, new)
    lines = [f"diff --git a/{name} b/{name}\n"]
    if old is None or new is None:
        mode = (old or new or ("", ""))[0]
        lines.append(f"{'new' if old is None else 'deleted'} file mode {mode}\n")
    shas = [(each[1] if each else ZEROS)[:7] for each in (old, new)]
    lines.append(f"index {shas[0]}..{shas[1]}{f' {new[0]}' if old and new else ''}\n")
    hunks = _hunks(before, after)
    if hunks:
        lines += [
            f"--- {f'a/{name}' if old else '/dev/null'}\n",
            f"+++ {f'b/{name}' if new else '/dev/null'}\n",
        ]
    for _, i1, i2, j1, j2 in hunks:
        lines.append(f"@@ -{_span(i1, i2)} +{_span(j1, j2)} @@\n")
        lines += [f"-{line}" for line in before[i1:i2]] + [f"+{line}" for line in after[j1:j2]]
    return "".join(lines)


def _span(start: int, end: int) -> str:
    count = end - start
    first = start + 1 if count else start
    return str(first) if count == 1 else f"{first},{count}"


def diff(call: Call) -> Answer:
    old, new = call.only("--numstat", "--no-renames", "--no-ext-diff", "--no-textconv")
    said = []
    for path, first, second in _changes(call, old, new):
        hunks = _hunks(*_texts(call, first, second))
        added, removed = sum(each[4] - each[3] for each in hunks), sum(each[2] - each[1] for each in hunks)
        said.append(f"{added}\t{removed}\t{path.decode('ascii')}\n")
    return 0, "".join(said)
