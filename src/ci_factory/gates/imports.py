"""Which files of a repository a Python file's imports can lead to: what a type checker has to see of a large tree.

Rather too many than too few: a module is looked for below every folder that can be a source root, which is every folder
that is no regular package itself.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

SUFFIXES = (".py", ".pyi")
_GAP = r"[\s\\]"
"""White space, with line ends after a backslash."""
_NAMES = r"(\((?:[^()#]|\#[^\n]*\n)*\)?|[^\n;\#(\\]*(?:\\\r?\n[^\n;\#(\\]*)*)"
"""In brackets with comments, or up to the end of the statement."""
_FROM = re.compile(rf"\bfrom(?=[\s\\.]){_GAP}*([\w.]+){_GAP}*\bimport\b{_GAP}*{_NAMES}")
_FROM_HERE = re.compile(rf"\bfrom{_GAP}*(\.+){_GAP}*import\b{_GAP}*{_NAMES}")
_IMPORT = re.compile(rf"\bimport\b{_GAP}*{_NAMES}")
_COMMENT = re.compile(r"#[^\n]*")
_ALIAS = re.compile(rf"{_GAP}+as{_GAP}+\w+")
_PACKAGE = "/__init__"
_STUBS = "-stubs"
"""End of the folder of a stub package (PEP 561)."""


class Modules:
    """All Python files of a tree, found by the names that import them."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Take paths relative to the top of the tree; others than Python's are passed over."""
        self._files: dict[str, list[str]] = defaultdict(list)
        self._tails: dict[str, set[str]] = defaultdict(set)
        self._known: dict[tuple[str, ...], frozenset[str]] = {}
        """What names lead to: files of one tree import the same modules again and again."""
        for path in paths:
            if path.endswith(SUFFIXES):
                place = f"/{path.rpartition('.')[0]}"
                module = place.removesuffix(_PACKAGE)
                self._files[place].append(path)
                self._tails[_name(module)].add(module)

    def imported(self, path: str, source: str) -> set[str]:
        """Files that what looks like an import in a file can mean, with the `__init__` files above each.

        Words in texts and comments count as well, which is harmless, and much quicker than to parse.
        """
        found = self._absolute(name.split(".") for name in _names(_IMPORT.findall(source)))
        for origin, names in (*_FROM.findall(source), *_FROM_HERE.findall(source)):
            found |= self._from(path, origin, _names([names]))
        return found

    def above(self, path: str) -> set[str]:
        """The `__init__` files of the packages that a file lies in."""
        folders = f"/{path}".split("/")[:-1]
        places = ("/".join(folders[:depth]) for depth in range(1, len(folders) + 1))
        return {each for place in places for each in self._files.get(f"{place}{_PACKAGE}", ())}

    def _from(self, path: str, origin: str, imported: Iterable[str]) -> set[str]:
        module = origin.lstrip(".")
        words, level = module.split(".") if module else [], len(origin) - len(module)
        names = [[*words, name] for name in imported]
        if not level:
            return self._absolute(names)
        folders = f"/{path}".split("/")[:-level]
        exact = {each for name in names for each in self._below("/".join(folders), name)}
        # A namespace package may have a part of itself below another source root.
        return exact | (self._absolute([folders[-1], *name] for name in names) if folders[1:] else set())

    def _below(self, folder: str, name: list[str]) -> Iterator[str]:
        for depth in range(len(name) + 1):
            yield from self._at("/".join([folder, *name[:depth]]))

    def _absolute(self, names: Iterable[list[str]]) -> set[str]:
        wanted = {tuple(name[:depth]) for name in names for depth in range(1, len(name) + 1)}
        return {each for name in wanted for each in self._named(name)}

    def _named(self, name: tuple[str, ...]) -> frozenset[str]:
        if name not in self._known:
            found = (each for module in self._modules(name) for each in self._at(module))
            self._known[name] = frozenset(found)
        return self._known[name]

    def _modules(self, name: tuple[str, ...]) -> Iterator[str]:
        dotted = f"/{'/'.join(name)}"
        for module in self._tails.get(name[-1], ()):
            plain = module.replace(f"{_STUBS}/", "/").removesuffix(_STUBS)
            if plain.endswith(dotted) and not self._is_package(plain[: -len(dotted)]):
                yield module

    def _is_package(self, folder: str) -> bool:
        return f"{folder}{_PACKAGE}" in self._files

    def _at(self, module: str) -> Iterator[str]:
        for place in (module, f"{module}{_PACKAGE}"):
            for path in self._files.get(place, ()):
                yield path
                yield from self.above(path)


def _names(lists: Iterable[str]) -> Iterator[str]:
    """`a, b.c as d` -> a, b.c."""
    for text in lists:
        for name in _ALIAS.sub("", _COMMENT.sub("", text)).strip("()").split(","):
            if plain := re.sub(r"[\s\\()]", "", name):
                yield plain


def _name(module: str) -> str:
    return module.rpartition("/")[2].removesuffix(_STUBS)


class Closure:
    """Chooses files for a checkout (`Grow`): these, and on and on what they import."""

    def __init__(self, starts: Sequence[str]) -> None:
        """Begin with these files."""
        self._starts = starts
        self._modules = Modules(())

    def __call__(
        self, every: Collection[str], read: Callable[[str], str], last: frozenset[str]
    ) -> Collection[str]:
        """What is needed beside what was chosen last."""
        if not last:
            self._modules = Modules(every)
            return {*self._starts, *(each for path in self._starts for each in self._modules.above(path))}
        sources = {path: read(path) for path in last if path.endswith(SUFFIXES)}
        return {each for path, text in sources.items() for each in self._modules.imported(path, text)}
