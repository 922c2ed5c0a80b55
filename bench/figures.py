"""How a benchmark tells its figures: a line for each to read, and one for the table of `make bench`."""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

FILE = "BENCH_FIGURES"
"""The environment variable that names the file to which figures are added as JSON lines; nothing is written without it."""

_THOUSAND = 1000


@dataclass(frozen=True)
class Figure:
    """One measured figure and the bound it has to keep."""

    what: str
    value: float
    bound: float
    unit: str = "x"
    """`x` for a ratio of one run, `%` for a share, else what it counts: s, MB, requests, of 40."""
    must_be: Literal["at most", "at least", "below"] = "at most"

    @property
    def kept(self) -> bool:
        """Whether the value is within the bound; what is no number is not."""
        if self.must_be == "at least":
            return self.value >= self.bound
        return self.value < self.bound if self.must_be == "below" else self.value <= self.bound

    @property
    def measured(self) -> str:
        """The value with its unit."""
        return _amount(self.value, self.unit)

    @property
    def allowed(self) -> str:
        """The bound in words."""
        return f"{self.must_be} {_amount(self.bound, self.unit)}"


def told(*figures: Figure) -> int:
    """Print the figures; 1 when one misses its bound, as a process's exit status."""
    for each in figures:
        print(f"{each.what}: {each.measured} ({each.allowed}) {'ok' if each.kept else 'MISSED'}")
    if path := os.environ.get(FILE):
        with Path(path).open("a", encoding="utf-8") as lines:
            lines.writelines(f"{json.dumps(asdict(each))}\n" for each in figures)
    return int(not all(each.kept for each in figures))


def _amount(value: float, unit: str) -> str:
    if unit == "%":
        return f"{100 * value:.4g} %"
    whole = math.isfinite(value) and (value == round(value) or abs(value) >= _THOUSAND)
    number = f"{value:,.0f}" if whole else f"{value:.3g}"
    return number + (unit if unit == "x" else f" {unit}")
