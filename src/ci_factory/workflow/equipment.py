"""Gives a project on GitLab what it needs beside its files."""

from collections.abc import Iterable, Iterator

from ci_factory.errors import UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.model.project_setup import LabelSpec, Made, ScheduleSpec


def equip(
    forge: Forge, schedule: ScheduleSpec, labels: Iterable[LabelSpec], *, write: bool
) -> Iterator[Made]:
    """Labels, then the schedule; what is there stays. Without `write` only what would be done is said.

    Raises:
        UsageError: the forge is no GitLab.
        ForgeError: the server does not answer, or does not know the token.
    """
    from ci_factory.forge.gitlab import equipping
    from ci_factory.forge.gitlab.forge import GitLabForge

    if not isinstance(forge, GitLabForge):
        raise UsageError("only a GitLab has schedules", where="forge.kind", fix="set it to gitlab")
    yield from equipping.ensure_labels(forge.project, labels, write=write)
    yield equipping.ensure_schedule(forge.project, schedule, write=write)
