"""Rows as CSV, for spreadsheets that want semicolons."""

import csv
import io
from collections.abc import Iterable, Sequence

SEPARATOR = ";"


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Header and rows, cells quoted where RFC 4180 asks for it, no line end after the last."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=SEPARATOR, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue().removesuffix("\n")
