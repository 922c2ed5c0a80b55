"""The factory's CI components: which level needs which, how they are included, and where a CI file includes them. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ci_factory.adoption.yaml_text import Document, child, scalar, word
from ci_factory.errors import UsageError

LEVELS: dict[int, tuple[str, ...]] = {
    1: ("gates", "sweep"),
    2: ("gates", "sweep", "agents"),
    3: ("gates", "sweep", "batch", "metrics"),
}
"""Names of the components of each level of adoption."""
NAMES = ("gates", "sweep", "verdicts", "agents", "batch", "metrics")
_NAME = "|".join(NAMES)
_COMPONENT = re.compile(rf"[^/\s]+/(?P<project>\S+)/(?P<name>{_NAME})@(?P<ref>\S+)")
_FILE = re.compile(rf"/?templates/(?P<name>{_NAME})\.yml")
_REMOTE = re.compile(
    rf"(?P<project>https?://\S+?)/-/raw/(?P<ref>[^?#\s]+)/templates/(?P<name>{_NAME})\.yml(?:\?\S*)?"
)
_SOURCE = re.compile(
    r"\$CI_PROJECT_PATH|(?:https://)?[A-Za-z0-9$][A-Za-z0-9$_.:-]*(?:/[A-Za-z0-9$_][A-Za-z0-9$_.-]*)+"
)
_REF = re.compile(r"[A-Za-z0-9~$][A-Za-z0-9$._/~-]{0,127}")


class Kind(StrEnum):
    """How a CI file includes a component."""

    COMPONENT = "component"
    PROJECT = "project"
    REMOTE = "remote"
    LOCAL = "local"


@dataclass(frozen=True)
class Source:
    """Where the components come from.

    Raises:
        UsageError: project or version can't be one.
    """

    kind: Kind
    project: str = ""
    """`group/ci-factory`, with the server's host before it when it is another; for `remote` its address."""
    ref: str = ""

    def __post_init__(self) -> None:
        if self.kind is Kind.LOCAL:
            return
        if not _SOURCE.fullmatch(self.project) or self.project.startswith("https://") != (
            self.kind is Kind.REMOTE
        ):
            example = "https://HOST/GROUP/ci-factory" if self.kind is Kind.REMOTE else "GROUP/ci-factory"
            raise UsageError(
                f"{self.project!r} does not say which project the components are in"
                if self.project
                else "nobody knows which project the components are in",
                where="--source",
                fix=f"pass --source {example}, or --from local for templates/ in this repository",
            )
        if not _REF.fullmatch(self.ref):
            raise UsageError(f"{self.ref!r} is no version", where="--ref", fix="name a tag, such as 1.2.0")

    def entry(self, name: str) -> dict[str, str]:
        """The keys with which a CI file includes one component."""
        file = f"/templates/{name}.yml"
        if self.kind is Kind.COMPONENT:
            host, _, rest = self.project.partition("/")
            elsewhere = "." in host or "$" in host or ":" in host
            server = "" if elsewhere and "/" in rest else "$CI_SERVER_FQDN/"
            return {"component": f"{server}{self.project}/{name}@{self.ref}"}
        if self.kind is Kind.PROJECT:
            return {"project": self.project, "ref": self.ref, "file": file}
        if self.kind is Kind.REMOTE:
            return {"remote": f"{self.project.rstrip('/')}/-/raw/{self.ref}{file}"}
        return {"local": file}


@dataclass(frozen=True)
class Included:
    """A component of the factory in a CI file, and where its name, version and inputs stand."""

    name: str
    source: Source
    name_node: ScalarNode
    ref_node: ScalarNode | None
    """`None` where no version is named."""
    entry: Node
    """The item of `include`."""

    def input(self, name: str) -> Node | None:
        """The value that is given to an input."""
        inputs = child(self.entry, "inputs")
        return None if inputs is None else child(inputs, name)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that are set."""
        found = child(self.entry, "inputs")
        return tuple(str(key.value) for key, _ in found.value) if isinstance(found, MappingNode) else ()


def items(document: Document) -> list[Node]:
    """The entries of `include`, whatever form it has; none when it has none."""
    found = document.get("include")
    if found is None:
        return []
    value = found[1]
    return list(value.value) if isinstance(value, SequenceNode) else [value]


def included(document: Document, project: str = "") -> tuple[Included, ...]:
    """The factory's components in a CI file: of `project`, or of any with `ci-factory` in its name."""
    return tuple(each for item in items(document) for each in _of(item, project))


def _of(item: Node, project: str) -> Iterator[Included]:
    if isinstance(item, ScalarNode):
        yield from _remote(item, item)
        yield from _local(item, item)
        return
    if isinstance(node := child(item, "component"), ScalarNode):
        found = _COMPONENT.fullmatch(word(node) or "")
        if found and _is_ours(found["project"], project):
            host = node.value.partition("/")[0]
            whole = found["project"] if host == "$CI_SERVER_FQDN" else f"{host}/{found['project']}"
            yield Included(found["name"], Source(Kind.COMPONENT, whole, found["ref"]), node, node, item)
    if isinstance(node := child(item, "remote"), ScalarNode):
        yield from _remote(node, item)
    if isinstance(node := child(item, "local"), ScalarNode):
        yield from _local(node, item)
    if child(item, "project") is not None:
        yield from _project(item, project)


def _project(item: Node, project: str) -> Iterator[Included]:
    where, ref, file = word(child(item, "project")) or "", child(item, "ref"), child(item, "file")
    if not _is_ours(where, project):
        return
    files = file.value if isinstance(file, SequenceNode) else [file]
    version = word(ref)
    source = Source(Kind.PROJECT, where, version or "HEAD")
    for node in files:
        if isinstance(node, ScalarNode) and (found := _FILE.fullmatch(word(node) or "")):
            yield Included(found["name"], source, node, ref if isinstance(ref, ScalarNode) else None, item)


def _remote(node: ScalarNode, item: Node) -> Iterator[Included]:
    found = _REMOTE.fullmatch(word(node) or "")
    if found and _is_ours(found["project"], ""):
        yield Included(found["name"], Source(Kind.REMOTE, found["project"], found["ref"]), node, node, item)


def _local(node: ScalarNode, item: Node) -> Iterator[Included]:
    if found := _FILE.fullmatch(word(node) or ""):
        yield Included(found["name"], Source(Kind.LOCAL), node, None, item)


def _is_ours(path: str, project: str) -> bool:
    name = path.rpartition("/")[2]
    return "ci-factory" in name or name == "$CI_PROJECT_PATH" or (bool(project) and path == project)


def level_of(names: Iterable[str]) -> int:
    """The level that these components are for; 0 for none."""
    return max((_lowest(name) for name in names), default=0)


def _lowest(name: str) -> int:
    return min((level for level, wanted in LEVELS.items() if name in wanted), default=1)


def missing(level: int, present: Iterable[str]) -> tuple[str, ...]:
    """What a level lacks; `batch` does what `agents` does."""
    there = set(present)
    return tuple(
        name for name in LEVELS[level] if name not in there and not (name == "agents" and "batch" in there)
    )


def block(entry: Mapping[str, str], inputs: Mapping[str, str], indent: str) -> list[str]:
    """Lines of an item of a list."""
    lines = [f"{key}: {scalar(value)}" for key, value in entry.items()]
    lines += ["inputs:", *(f"  {key}: {scalar(value)}" for key, value in inputs.items())] if inputs else []
    return [f"{indent}{'- ' if place == 0 else '  '}{line}" for place, line in enumerate(lines)]


def flow(entry: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """The same in braces."""
    parts = [f"{key}: {scalar(value)}" for key, value in entry.items()]
    parts += (
        [f"inputs: {{{', '.join(f'{key}: {scalar(value)}' for key, value in inputs.items())}}}"]
        if inputs
        else []
    )
    return f"{{{', '.join(parts)}}}"
