"""Hot files: changelogs, version files, lock files, and what nearly every commit touches.

That two tickets both write into one tells nothing about their changes; it merges mechanically, or is made anew.
"""

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from ci_factory.model import globs
from ci_factory.model.planning_settings import HotFiles, PlanningConfig
from ci_factory.model.ticket import Estimate


class _Matcher(NamedTuple):
    """Patterns as two expressions; most are about the last segment alone, which is quick to tell."""

    names: re.Pattern[str]
    paths: re.Pattern[str]

    def matches(self, path: str) -> bool:
        """Whether a path, or a pattern taken for one, matches."""
        name = path.rpartition("/")[2]
        return self.names.fullmatch(name) is not None or self.paths.fullmatch(path) is not None


def hot(files: Iterable[str], estimate: Estimate, settings: HotFiles) -> tuple[str, ...]:
    """Those of the files, paths or patterns, that are hot by the configured patterns or as intake measured."""
    matcher, measured = _matcher(settings.patterns), frozenset(estimate.hot)
    return tuple(path for path in files if path in measured or matcher.matches(path))


def by_pattern(path: str, settings: HotFiles) -> bool:
    """Whether the configured patterns say that a file is hot."""
    return _matcher(settings.patterns).matches(path)


def passed_over(files: Iterable[str], estimate: Estimate, settings: PlanningConfig) -> tuple[str, ...]:
    """Those of the files that do not count as an overlap by the policy."""
    return hot(files, estimate, settings.hot_files) if settings.hot_files.policy == "ignore" else ()


def without_patterns(files: Iterable[str], settings: PlanningConfig) -> tuple[str, ...]:
    """Files, such as those of an open merge request, without the ones that do not count by pattern."""
    if settings.hot_files.policy != "ignore":
        return tuple(files)
    matcher = _matcher(settings.hot_files.patterns)
    return tuple(path for path in files if not matcher.matches(path))


@functools.lru_cache(maxsize=64)
def _matcher(patterns: tuple[str, ...]) -> _Matcher:
    cleaned = [text for pattern in patterns if (text := globs.clean(pattern).removeprefix("**/"))]
    return _Matcher(
        _any_of(text for text in cleaned if "/" not in text), _any_of(text for text in cleaned if "/" in text)
    )


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for all; a pattern that is too wild to be matched quickly is passed over."""
    bodies = [found.pattern for text in patterns if (found := globs.compiled(text))]
    return re.compile("|".join(f"(?:{body})" for body in bodies) or r"(?!)", re.DOTALL)
