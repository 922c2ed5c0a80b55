"""YAML with places: reads a document, and edits its text so that every other character stays as it is. Pure.

The text is edited and never written anew: comments, order, quotes, anchors and tags such as `!reference` can't be lost.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ci_factory.errors import ConfigError

_MOST = 100_000
"""Characters of a file that is read for editing, which takes time; GitLab takes 1 MB of all files together."""
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$_./@:~+-")
"""Characters of text that needs no quotes, in a list in brackets either."""


@dataclass(frozen=True)
class Edit:
    """Characters `start` to `end` of a text become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Document:
    """A text, and the mapping in it that counts; `None` when there is nothing but comments."""

    text: str
    root: MappingNode | None

    @property
    def newline(self) -> str:
        """How lines end there."""
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def names(self) -> list[str]:
        """The keys of the mapping, in order."""
        pairs = self.root.value if self.root is not None else []
        return [str(key.value) for key, _ in pairs if isinstance(key, ScalarNode)]

    def get(self, name: str) -> tuple[ScalarNode, Node] | None:
        """A key of the mapping with its value."""
        pairs = self.root.value if self.root is not None else []
        return next(
            (pair for pair in pairs if isinstance(pair[0], ScalarNode) and pair[0].value == name), None
        )

    def line_start(self, index: int) -> int:
        """Where the line of a character begins."""
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """Where it ends, before its line break."""
        found = self.text.find("\n", index)
        end = len(self.text) if found < 0 else found
        return end - 1 if end > index and self.text[end - 1] == "\r" else end

    def content_end(self, node: Node) -> int:
        """The end of a node's last line; blank lines and comments after that are not the node's."""
        start = self.line_start(node.start_mark.index)
        lines = self.text[start : node.end_mark.index].splitlines(keepends=True)
        while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
            lines.pop()
        last = start + sum(map(len, lines[:-1]))
        return self.line_end(max(last, node.start_mark.index))

    def source(self, node: Node) -> str:
        """A node as it is written."""
        return self.text[node.start_mark.index : node.end_mark.index]

    def into_brackets(self, node: Node, text: str) -> Edit:
        """One more item of a list that is written in brackets."""
        inside = self.text[: node.end_mark.index - 1].rstrip()
        comma = "" if inside.endswith((",", "[")) else ","
        lead = "" if inside.endswith("[") else " "
        return Edit(len(inside), len(inside), f"{comma}{lead}{text}")

    def edited(self, edits: Iterable[Edit]) -> str:
        """The text after edits that do not overlap; those at one place in their order."""
        text = self.text
        for edit in reversed(sorted(edits, key=lambda each: each.start)):  # noqa: C413 - `reverse` keeps equals in order
            text = f"{text[: edit.start]}{edit.text}{text[edit.end :]}"
        return text


def parse(text: str, where: str) -> Document:
    """Read a CI file; one with a header of `spec` counts from after it.

    Raises:
        ConfigError: it is not YAML, not a mapping, or has several documents.
    """
    if len(text) > _MOST:
        raise ConfigError(f"is longer than {_MOST} characters", where=where, fix="split it with `include`")
    try:
        roots = [root for root in yaml.compose_all(text, Loader=yaml.SafeLoader) if _says_something(root)]
    except (yaml.YAMLError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise ConfigError(f"is not valid YAML: {said}", where=where, fix="mend it, then run again") from error
    if len(roots) > 1 and _is_header(roots[0]):
        roots = roots[1:]
    elif roots and _is_header(roots[0]):
        raise ConfigError(
            "has a header and no pipeline", where=where, fix="write its jobs below a line `---`"
        )
    if len(roots) > 1:
        raise ConfigError("has several documents", where=where, fix="keep one, or edit it by hand")
    root = roots[0] if roots else None
    if root is not None and not isinstance(root, MappingNode):
        raise ConfigError("is not a mapping of keys", where=where, fix="write `key: value` lines")
    return Document(text, root)


def _says_something(root: Node) -> bool:
    return not (isinstance(root, ScalarNode) and root.value == "")


def _is_header(root: Node) -> bool:
    return isinstance(root, MappingNode) and [key.value for key, _ in root.value] == ["spec"]


def child(node: Node, name: str) -> Node | None:
    """The value of a key in a mapping."""
    if not isinstance(node, MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def word(node: Node | None) -> str | None:
    """The text of a scalar without a tag of somebody's own, else `None`."""
    if isinstance(node, ScalarNode) and node.tag.startswith("tag:yaml.org,2002:"):
        return str(node.value)
    return None


def same(one: Node, other: Node) -> bool:
    """Whether two nodes say the same, tags included."""
    return _same(one, other, set())


def _same(one: Node, other: Node, seen: set[tuple[int, int]]) -> bool:
    pair = (id(one), id(other))
    if pair in seen:  # aliases: compared before, or being compared
        return True
    seen.add(pair)
    if (type(one), one.tag) != (type(other), other.tag):
        return False
    if isinstance(one, ScalarNode):
        return bool(one.value == other.value)
    ours, theirs = list(_children(one)), list(_children(other))
    return len(ours) == len(theirs) and all(_same(*each, seen) for each in zip(ours, theirs, strict=True))


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from (key, value)


def scalar(text: str) -> str:
    """Text as YAML reads it back, quoted where it has to be."""
    plain = bool(text) and set(text) <= _PLAIN and not text.endswith(":") and text[0] not in "@-:~"
    if plain and yaml.safe_load(text) == text:
        return text
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
