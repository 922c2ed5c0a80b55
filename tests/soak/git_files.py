"""A git repository's files, read and written in this process: loose objects, refs, an index, a bundle.

What is read here but written in another way (packs, packed refs, links between folders) raises `Unknown`.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

Entry = tuple[str, str]
"""Mode and object name of a file."""
Files = dict[bytes, Entry]
"""All files of a tree by path."""
FOLDER, SUBMODULE = "40000", "160000"
_SHA = 20
_CONTENTS: dict[str, tuple[str, bytes]] = {}
"""What objects hold, by name: the name says it all, so this is true of every repository that has the object."""
_TREES: dict[str, Mapping[bytes, Entry]] = {}


class Unknown(Exception):
    """This is left to git itself."""


def forget() -> None:
    """Give the memory back."""
    _CONTENTS.clear()
    _TREES.clear()


@dataclass(frozen=True)
class Objects:
    """A folder of objects, with those that it borrows from."""

    folder: str

    def _folders(self) -> list[str]:
        found = [self.folder]
        for folder in found:
            with suppress(OSError), Path(folder, "info", "alternates").open(encoding="utf-8") as stream:
                found += [line for line in stream.read().splitlines() if line not in found]
        return found

    def has(self, name: str) -> bool:
        """Whether it is here as a file of its own; a packed one is not seen."""
        return any(_is_file(f"{folder}/{name[:2]}/{name[2:]}") for folder in self._folders())

    def read(self, name: str) -> tuple[str, bytes]:
        """Kind and content.

        Raises:
            Unknown: it is not here, or packed.
        """
        for folder in self._folders():
            path = f"{folder}/{name[:2]}/{name[2:]}"
            if name in _CONTENTS and _is_file(path):
                return _CONTENTS[name]
            with suppress(OSError), Path(path).open("rb") as stream:
                head, _, content = zlib.decompress(stream.read()).partition(b"\0")
                _CONTENTS[name] = (head.split(b" ")[0].decode(), content)
                return _CONTENTS[name]
        raise Unknown

    def write(self, kind: str, content: bytes) -> str:
        """Add an object; its name."""
        whole = b"%s %d\0" % (kind.encode(), len(content)) + content
        name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        _CONTENTS[name] = (kind, content)
        if not self.has(name):
            folder = Path(self.folder, name[:2])
            folder.mkdir(parents=True, exist_ok=True)
            partial = folder / f"tmp_{name[2:]}"
            partial.write_bytes(zlib.compress(whole, 1))
            partial.replace(folder / name[2:])
        return name

    def commit(self, name: str) -> "Commit":
        """A commit."""
        kind, content = self.read(name)
        if kind != "commit":
            raise Unknown
        return Commit.parse(content)

    def files(self, tree: str) -> Mapping[bytes, Entry]:
        """Every file of a tree."""
        kind, content = self.read(tree)
        if kind != "tree":
            raise Unknown
        if tree not in _TREES:
            found: Files = {}
            for mode, path, name in rows(content):
                if mode == FOLDER:
                    found |= {path + b"/" + below: each for below, each in self.files(name).items()}
                else:
                    found[path] = (mode.rjust(6, "0"), name)
            _TREES[tree] = dict(sorted(found.items()))
        return _TREES[tree]

    def tree(self, files: Mapping[bytes, Entry]) -> str:
        """Write the trees that hold these files; the name of the topmost."""
        rows: dict[bytes, Entry] = {}
        below: dict[bytes, Files] = {}
        for path, entry in files.items():
            first, slash, rest = path.partition(b"/")
            if slash:
                below.setdefault(first, {})[rest] = entry
            else:
                rows[first] = entry
        rows |= {name: (FOLDER, self.tree(each)) for name, each in below.items()}
        ordered = sorted(rows, key=lambda name: name + b"/" if rows[name][0] == FOLDER else name)
        content = b"".join(
            b"%s %s\0" % (rows[name][0].encode(), name) + bytes.fromhex(rows[name][1]) for name in ordered
        )
        return self.write("tree", content)


@dataclass(frozen=True)
class Commit:
    """What a commit says."""

    tree: str
    parents: tuple[str, ...]
    when: int
    committer: str
    """Name and address."""
    message: str

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, content: bytes) -> "Commit":
        """From its object."""
        head, _, message = content.decode("utf-8", "replace").partition("\n\n")
        said = [line.split(" ", 1) for line in head.splitlines()]
        fields = dict(said)
        person, when, _ = fields["committer"].rsplit(" ", 2)
        parents = tuple(value for key, value in said if key == "parent")
        return cls(fields["tree"], parents, int(when), person, message)


def rows(content: bytes) -> Iterable[tuple[str, bytes, str]]:
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, path = content[at:end].split(b" ", 1)
        yield mode.decode(), path, content[end + 1 : end + 1 + _SHA].hex()
        at = end + 1 + _SHA


def _is_file(path: str) -> bool:
    return Path(path).is_file()


# Index files


def read_index(path: Path) -> Files:
    """Files that an index lists; one that is not there lists none."""
    if not path.exists():
        return {}
    data = path.read_bytes()
    magic, version, count = struct.unpack(">4sLL", data[:12])
    if magic != b"DIRC" or version != 2:
        raise Unknown
    found: Files = {}
    at = 12
    for _ in range(count):
        mode, name, flags = struct.unpack(">24xL12x20sH", data[at : at + 62])
        if flags & 0x7000:  # of a conflict, or in a newer layout
            raise Unknown
        length = flags & 0xFFF
        found[data[at + 62 : at + 62 + length]] = (f"{mode:06o}", name.hex())
        at += (62 + length + 8) // 8 * 8
    return found


def write_index(path: Path, files: Mapping[bytes, Entry]) -> None:
    """An index that knows of no file when it was last looked at."""
    parts = [struct.pack(">4sLL", b"DIRC", 2, len(files))]
    for name in sorted(files):
        mode, blob = files[name]
        flags = min(len(name), 0xFFF)
        entry = struct.pack(">24xL12x20sH", int(mode, 8), bytes.fromhex(blob), flags) + name
        parts.append(entry + b"\0" * (8 - len(entry) % 8))
    data = b"".join(parts)
    path.write_bytes(data + hashlib.sha1(data, usedforsecurity=False).digest())


# Bundles

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
_NAMES = {number: name for name, number in _KINDS.items()}


def bundle(objects: Objects, base: str, ref: str, head: str, names: Iterable[str]) -> bytes:
    """A bundle of these objects, whose one head stands on `base`."""
    subject = objects.commit(base).message.split("\n", 1)[0]
    said = f"# v2 git bundle\n-{base} {subject}\n{head} {ref}\n\n".encode()
    rows = [objects.read(name) for name in names]
    pack = struct.pack(">4sLL", b"PACK", 2, len(rows))
    pack += b"".join(_pack_head(kind, len(data)) + zlib.compress(data, 1) for kind, data in rows)
    return said + pack + hashlib.sha1(pack, usedforsecurity=False).digest()


def unbundle(objects: Objects, data: bytes) -> str:
    """Take its objects in; what git says of it.

    Raises:
        Unknown: it is damaged, or none of ours.
    """
    head, blank, pack = data.partition(b"\n\n")
    if not head.startswith(b"# v2 git bundle\n") or not blank:
        raise Unknown
    lines = head.decode("utf-8", "replace").splitlines()[1:]
    needed = [line[1:41] for line in lines if line.startswith("-")]
    if not all(objects.has(name) for name in needed) or pack[-_SHA:] != hashlib.sha1(pack[:-_SHA]).digest():  # noqa: S324 - git's own
        raise Unknown
    at, count = 12, struct.unpack(">8xL", pack[:12])[0]
    for _ in range(count):
        kind, at = _packed(pack, at)
        content = zlib.decompressobj()
        objects.write(kind, content.decompress(pack[at:]))
        at = len(pack) - len(content.unused_data)
    return "".join(f"{line}\n" for line in lines if not line.startswith("-"))


def _pack_head(kind: str, size: int) -> bytes:
    byte, size = _KINDS[kind] << 4 | size & 0xF, size >> 4
    found = bytearray()
    while size:
        found.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    return bytes([*found, byte])


def _packed(pack: bytes, at: int) -> tuple[str, int]:
    number = pack[at] >> 4 & 7
    while pack[at] & 0x80:
        at += 1
    if number not in _NAMES:
        raise Unknown
    return _NAMES[number], at + 1
