"""What the project knows that helps to tell which files a ticket will touch; read once for all tickets of an intake."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ci_factory.intake.past import Past
from ci_factory.intake.symbols import Uses
from ci_factory.model.hot import by_pattern
from ci_factory.model.planning_settings import HotFiles
from ci_factory.model.prediction import Calibration

_SHORTEST = 4
"""Letters of a section's name that is looked for in prose; shorter ones are found everywhere."""
_OWNER = re.compile(r"(?<![\w.@/])@@?[\w./-]{1,255}")


@dataclass(frozen=True)
class Owned:
    """Files by who or what CODEOWNERS says they belong to."""

    by_owner: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Owner as written there (`@group/team`) -> files."""
    by_section: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lower-case name of a section -> files."""

    def named_in(self, text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(what the text names, its files) of every owner and section in it."""
        for owner in dict.fromkeys(found.rstrip(".-/") for found in _OWNER.findall(text)):
            if owner in self.by_owner:
                yield owner, self.by_owner[owner]
        lower = text.lower()
        for name, files in self.by_section.items():
            if len(name) >= _SHORTEST and name in lower and re.search(rf"\b{re.escape(name)}\b", lower):
                yield f"section {name}", files


@dataclass(frozen=True)
class Surroundings:
    """Everything beside ticket and paths that speaks for files."""

    past: Past = field(default_factory=Past)
    uses: Uses = field(default_factory=Uses)
    owned: Owned = field(default_factory=Owned)
    calibration: Calibration = field(default_factory=Calibration)
    hot_files: HotFiles = field(default_factory=HotFiles)

    def is_hot(self, path: str) -> bool:
        """Whether so many changes touch a file, by its name or by the recent commits, that sharing it tells nothing."""
        share, least = self.past.share(path), self.hot_files.share
        frequent = share is not None and least is not None and share >= least
        return frequent or by_pattern(path, self.hot_files)
