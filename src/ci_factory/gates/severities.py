"""One table from the words of every tool and format to our severities. What it does not know is critical: it blocks.

Sources: SARIF 2.1.0 section 3.27.10 (level), GitLab's security report schemas 15.x, Code Climate's issue format, and
each tool's own documentation. Numbers are CVSS scores, as GitHub and GitLab read `security-severity`.
"""

import math

from ci_factory.model.gate import Severity

CRITICAL, HIGH, MEDIUM, LOW, INFO = Severity

_ERROR_WARNING: dict[str | int, Severity] = {"error": HIGH, "warning": MEDIUM, "info": LOW, "note": INFO}
_OWN_NAMES: dict[str | int, Severity] = {severity.value: severity for severity in Severity}

TABLE: dict[str, dict[str | int, Severity]] = {
    "sarif": {"error": HIGH, "warning": MEDIUM, "note": LOW, "none": INFO},
    "gitlab": _OWN_NAMES,  # `Unknown` is not here: it blocks until somebody looks
    "code-quality": {"blocker": CRITICAL, "critical": HIGH, "major": MEDIUM, "minor": LOW, "info": INFO},
    "semgrep": {
        **_OWN_NAMES,
        "error": HIGH,
        "warning": MEDIUM,
        "info": LOW,
        "inventory": INFO,
        "experiment": INFO,
    },
    "bandit": {"high": HIGH, "medium": MEDIUM, "low": LOW},  # `UNDEFINED` is not here
    "eslint": {1: MEDIUM, 2: HIGH},
    # These call everything they find an error; `Format.fails_at` lets it fail all the same.
    "ruff": {"": MEDIUM, "error": MEDIUM, "warning": LOW, "info": INFO},
    "mypy": {"error": MEDIUM, "note": INFO},
    "phpstan": {"error": HIGH},
    "checkstyle": {**_ERROR_WARNING, "ignore": INFO},
    "clippy": {**_ERROR_WARNING, "help": INFO, "failure-note": INFO, "error: internal compiler error": HIGH},
    "tsc": {"error": HIGH, "warning": MEDIUM, "suggestion": INFO, "message": INFO},
    "rule": _OWN_NAMES,
}
"""By source: a format's or a tool's name. Words in lower case; `""` is a word that is left out."""

_BANDS = ((9.0, CRITICAL), (7.0, HIGH), (4.0, MEDIUM))
"""Lowest CVSS score of each severity (CVSS 3.1 section 5, as GitHub applies it to `security-severity`)."""
_HIGHEST = 10.0


def severity(source: str, word: object) -> Severity:
    """What a tool's word means. `source` is a key of the table, or `cvss` for a number from 0 to 10.

    Never raises: an unknown source or word, NaN, infinity, a negative number or another type is critical.
    """
    if source == "cvss":
        return cvss(word)
    if isinstance(word, str):
        return TABLE.get(source, {}).get(word.strip().lower(), CRITICAL)
    if type(word) is int:  # `True` is not a severity
        return TABLE.get(source, {}).get(word, CRITICAL)
    return CRITICAL


def cvss(number: object) -> Severity:
    """Severity of a CVSS score, given as a number or as its text."""
    value = _finite(number)
    if value is None or not 0 <= value <= _HIGHEST:
        return CRITICAL
    if value == 0:
        return INFO
    return next((word for bound, word in _BANDS if value >= bound), LOW)


def _finite(number: object) -> float | None:
    if isinstance(number, bool) or not isinstance(number, str | int | float):
        return None
    try:
        value = float(number)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
