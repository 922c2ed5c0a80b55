"""The parts that reports in Markdown are put together from."""

from collections.abc import Iterable, Iterator, Sequence

from ci_factory.model.redaction import redact
from ci_factory.model.text import escape_markdown


def say(text: str, limit: int) -> str:
    """Somebody's words, shown as they are and without any effect; what looks like a secret is masked."""
    return escape_markdown(redact(text), limit=limit)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table and an empty line; cells are already safe."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
