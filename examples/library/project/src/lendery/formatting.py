"""Texts for the terminal and for letters."""

from collections.abc import Sequence


def money(cents: int) -> str:
    """An amount as people write it, `EUR 12.50`."""
    return f"EUR {cents // 100}.{cents % 100:02d}"


def counted(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun: `1 day`, `3 days`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, with two spaces between them."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
