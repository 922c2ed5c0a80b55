"""A mutant: one place in one file, written otherwise. Pure."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One small fault."""

    path: str
    line: int
    statement: int
    """First line of the statement that it is part of."""
    operator: str
    before: str
    after: str
    start: int
    """Bytes from the file's beginning to the place, and to its end."""
    end: int
    text: str
    """What stands there instead."""

    @property
    def said(self) -> str:
        """What becomes what, for people."""
        return f"`{self.before}` becomes `{self.after}`"

    def applied(self, source: bytes) -> bytes:
        """The whole file with the fault."""
        return source[: self.start] + self.text.encode() + source[self.end :]


class Places:
    """Byte offsets of nodes in a file."""

    def __init__(self, source: bytes) -> None:
        """Index the lines, as the parser counts them."""
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """From where to where a node reaches."""
        last_line = node.end_lineno or node.lineno
        last_column = node.end_col_offset or 0
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[last_line - 1] + last_column,
        )

    def text(self, node: ast.expr | ast.stmt) -> str:
        """A node as it is written."""
        start, end = self.span(node)
        return self._source[start:end].decode("utf-8", "replace")
