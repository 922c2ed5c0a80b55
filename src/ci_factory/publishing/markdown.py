"""The frame of notes and descriptions: tables and bounded documents, of parts that are already safe. Pure."""

from collections.abc import Sequence

NOTE_LIMIT = 200_000
"""GitLab cuts at about a million characters; nobody reads that far."""


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A Markdown table; cells are already safe."""
    ruler = "|".join(" --- " for _ in header)
    return [f"| {' | '.join(header)} |", f"|{ruler}|", *(f"| {' | '.join(row)} |" for row in rows)]


def document(lines: list[str]) -> str:
    """Join lines into a bounded document that ends in one newline."""
    text = "\n".join(lines).strip() + "\n"
    if len(text) <= NOTE_LIMIT:
        return text
    return f"{text[:NOTE_LIMIT].rsplit(chr(10), 1)[0]}\n\n_Cut here: {len(text)} characters in all._\n"
