"""What goes into a publication, and the named ways in which it ends without a merge request."""

from dataclasses import dataclass

from ci_factory.errors import ArtifactError, Conflict, FactoryError
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.forge import Publication
from ci_factory.model.gate import GateReport, Score
from ci_factory.publishing.policy import Objection

PUBLISHABLE = frozenset({Ending.COMPLETED, Ending.PARTIAL})


@dataclass(frozen=True)
class Judged:
    """A worked ticket with its verdict; `report` and `score` are `None` when there was no change to judge."""

    planned: PlannedTicket
    attempt: Attempt
    report: GateReport | None
    score: Score | None


class Withheld(ArtifactError):
    """Policy keeps the change from being published; the work stays with the batch."""

    def __init__(self, objections: tuple[Objection, ...], *, where: str, excerpt: str = "") -> None:
        """Take what stands against it, strictest first, and what it wanted to do to files told `to-issue`."""
        shown = "; ".join(str(each) for each in objections[:5])
        more = f" and {len(objections) - 5} more" if len(objections) > 5 else ""  # noqa: PLR2004 - as shown above
        super().__init__(f"the change may not be published: {shown}{more}", where=where)
        self.objections, self.excerpt = objections, excerpt


class Drifted(Conflict):
    """The target moved to something that the change no longer merges with."""

    def __init__(self, target: str, conflicts: tuple[str, ...], *, behind: int, where: str) -> None:
        """Take the target branch, the files in conflict, and how many commits the change's base is behind."""
        named = ", ".join(repr(path) if not path.isprintable() else path for path in conflicts[:10])
        super().__init__(
            f"no longer merges into {target}: {named}", where=where, fix="it is redone in the next batch"
        )
        self.conflicts, self.behind = conflicts, behind


class Stopped(FactoryError):
    """A person stopped the factory, or the ticket, before the next write; the next run completes what is missing."""


def publication(attempt: Attempt, outcome: str, **known: object) -> Publication:
    """publication.json of one ticket."""
    return Publication.model_validate(
        {"ticket_id": attempt.ticket_id, "batch_id": attempt.batch_id, "outcome": outcome, **known}
    )
