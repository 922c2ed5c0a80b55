"""Every parser of a stranger's bytes, in one table."""

from tests.fuzz import (
    targets_agents,
    targets_artifacts,
    targets_change,
    targets_gitlab,
    targets_reports,
    targets_words,
)
from tests.fuzz.target import Target

ROOMS = (targets_reports, targets_words, targets_agents, targets_artifacts, targets_change, targets_gitlab)
TARGETS: dict[str, Target] = {each.name: each for room in ROOMS for each in room.TARGETS}
