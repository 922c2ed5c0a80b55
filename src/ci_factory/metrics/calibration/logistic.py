"""Logistic regression with coefficients that are not negative and are drawn towards given ones."""

import math
from collections.abc import Sequence
from typing import NamedTuple

_ROUNDS = 50
_CLOSE = 1e-9


class Row(NamedTuple):
    """Changes with the same values."""

    values: tuple[float, ...]
    good: int
    n: int


class Fit(NamedTuple):
    """log odds = intercept + sum of coefficient x value."""

    intercept: float
    coefficients: tuple[float, ...]


def fit(rows: Sequence[Row], towards: Sequence[float], ridge: float) -> Fit:
    """The most likely coefficients of at least 0, less `ridge` / 2 x their squared distances from `towards`.

    Newton's method (iteratively reweighted least squares); each quadratic step is solved within the bounds by
    coordinate descent (Friedman, Hastie and Tibshirani 2010), and halved until it helps. The intercept is free.
    """
    hits, n = sum(row.good for row in rows), sum(row.n for row in rows)
    share = (hits + 0.5) / (n + 1)
    now = [math.log(share / (1 - share)), *(max(0.0, each) for each in towards)]
    loss = _loss(rows, now, towards, ridge)
    for _ in range(_ROUNDS):
        gradient, curvature = _slopes(rows, now, towards, ridge)
        step = _bounded_step(gradient, curvature, now)
        size, then = 1.0, now
        for _ in range(_ROUNDS):
            then = [each + size * by for each, by in zip(now, step, strict=True)]
            if _loss(rows, then, towards, ridge) <= loss:
                break
            size /= 2
        before, loss, now = loss, _loss(rows, then, towards, ridge), then
        if before - loss < _CLOSE * (1 + abs(loss)):
            break
    return Fit(now[0], tuple(max(0.0, each) for each in now[1:]))


def _odds(row: Row, at: Sequence[float]) -> float:
    return at[0] + sum(map(float.__mul__, at[1:], row.values))


def _loss(rows: Sequence[Row], at: Sequence[float], towards: Sequence[float], ridge: float) -> float:
    """Minus the log likelihood, and the penalty."""
    total = 0.0
    for row in rows:
        odds = _odds(row, at)
        total += row.n * (max(odds, 0.0) + math.log1p(math.exp(-abs(odds)))) - row.good * odds
    return total + ridge / 2 * sum((each - goal) ** 2 for each, goal in zip(at[1:], towards, strict=True))


def _slopes(
    rows: Sequence[Row], at: Sequence[float], towards: Sequence[float], ridge: float
) -> tuple[list[float], list[list[float]]]:
    """Gradient and curvature of the loss."""
    size = len(at)
    gradient, curvature = [0.0] * size, [[0.0] * size for _ in at]
    for row in rows:
        values = (1.0, *row.values)
        chance = 1 / (1 + math.exp(-max(-700.0, min(700.0, _odds(row, at)))))
        off, weight = row.n * chance - row.good, row.n * chance * (1 - chance)
        for i, value in enumerate(values):
            gradient[i] += off * value
            weighted, line = weight * value, curvature[i]
            for j in range(i + 1):
                line[j] += weighted * values[j]
    for i in range(size):
        for j in range(i):
            curvature[j][i] = curvature[i][j]
        if i:
            gradient[i] += ridge * (at[i] - towards[i - 1])
            curvature[i][i] += ridge
    return gradient, curvature


def _bounded_step(
    gradient: Sequence[float], curvature: Sequence[Sequence[float]], at: Sequence[float]
) -> list[float]:
    """The step to the lowest point of the quadratic for which no coefficient gets negative."""
    step, places = [0.0] * len(at), range(len(at))
    for _ in range(1000):
        moved = 0.0
        for i in places:
            bend = curvature[i][i] or _CLOSE
            slope = gradient[i] + sum(curvature[i][j] * step[j] for j in places)
            wanted = step[i] - slope / bend
            wanted = max(-at[i], wanted) if i else wanted
            moved = max(moved, abs(wanted - step[i]))
            step[i] = wanted
        if moved < _CLOSE:
            break
    return step
