"""Untrusted text in notes, descriptions and titles: shown, never obeyed. Pure."""

from collections.abc import Sequence

from ci_factory.model.text import escape_markdown, plain

INLINE_LIMIT = 500
NOTE_LIMIT = 200_000
"""GitLab cuts at about a million characters; nobody reads that far."""


def inline(text: str, *, limit: int = INLINE_LIMIT) -> str:
    """One line of untrusted text that Markdown, HTML and quick actions can't reach."""
    return escape_markdown(text, limit=limit)


def code(text: str, *, limit: int = 200) -> str:
    """Untrusted text as a code span, also within a table; it can't be left from inside."""
    flat = plain(text.replace("\n", " "), limit=limit).replace("`", "'").replace("|", "\u2502").strip()
    return f"`{flat}`" if flat else "` `"


def place(path: str | None, line: int | None) -> str:
    """`path:line` as a code span; empty without a path."""
    if path is None:
        return ""
    return code(f"{path}:{line}" if line is not None else path)


def bullets(texts: Sequence[str], *, limit: int = INLINE_LIMIT, most: int = 20) -> list[str]:
    """Untrusted sentences as a list, the first `most` of them, with the total when cut."""
    rows = [f"- {inline(text, limit=limit)}" for text in texts[:most]]
    if len(texts) > most:
        rows.append(f"- … and {len(texts) - most} more")
    return rows


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
