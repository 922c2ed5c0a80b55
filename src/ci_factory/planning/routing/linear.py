"""Small symmetric systems in plain Python: a Cholesky factor and its two triangles. Pure."""

import math
from collections.abc import Sequence
from operator import mul

Vector = Sequence[float]
Matrix = Sequence[Vector]


def dot(one: Vector, other: Vector) -> float:
    """Inner product; the shorter one ends it."""
    return float(sum(map(mul, one, other)))


def cholesky(matrix: Matrix) -> list[list[float]]:
    """The lower factor L with L L' = `matrix`, which must be symmetric and positive definite; rows end at the diagonal."""
    lower: list[list[float]] = []
    for at, given in enumerate(matrix):
        row: list[float] = []
        for before in range(at):
            row.append((given[before] - dot(row, lower[before])) / lower[before][before])
        row.append(math.sqrt(given[at] - dot(row, row)))
        lower.append(row)
    return lower


def forward(lower: Matrix, right: Vector) -> list[float]:
    """The x with L x = `right`."""
    found: list[float] = []
    for row, value in zip(lower, right, strict=True):
        found.append((value - dot(found, row)) / row[-1])
    return found


def backward(lower: Matrix, right: Vector) -> list[float]:
    """The x with L' x = `right`."""
    found = list(right)
    for at in range(len(found) - 1, -1, -1):
        found[at] /= lower[at][at]
        for before in range(at):
            found[before] -= lower[at][before] * found[at]
    return found
