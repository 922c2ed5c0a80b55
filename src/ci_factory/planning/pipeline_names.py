"""What generated jobs are called: the writer of the YAML and whoever looks for their artifacts go by the same names. Pure."""

from typing import NamedTuple

AGENT, GATE = "agent", "gate"
OUT_FOLDER = ".ci-factory"
"""Output folder of every job, below the clone; also the beginning of every path in their archives."""
CHILDREN_FOLDER = f"{OUT_FOLDER}/children"
"""Where the job that plans writes the pipelines."""
GENERATION_NAME = "generation.yml"
"""The pipeline that the user's own pipeline triggers: the only child, or one that triggers the children."""
INDEX_NAME = "index.json"
PARENT = "$PARENT_PIPELINE_ID"
"""The pipeline that triggered this one, as every trigger of ours says."""


class Place(NamedTuple):
    """A ticket as a pipeline knows it."""

    ticket: str
    lane: int

    @property
    def variables(self) -> dict[str, str]:
        """All that a job is told."""
        return {"TICKET": self.ticket, "LANE": f"lane-{self.lane}"}


def job_name(prefix: str, kind: str, ticket: str | None = None) -> str:
    """A job of one ticket, or the matrix of many."""
    name = f"{prefix}-{kind}"
    return name if ticket is None else f"{name}:{ticket}"


def names_of(prefix: str, kind: str, place: Place) -> tuple[str, str]:
    """Both names that a ticket's job may have: of its own, and as GitLab writes a row of a matrix."""
    row = ", ".join(place.variables.values())
    return job_name(prefix, kind, place.ticket), f"{job_name(prefix, kind)}: [{row}]"


def child_trigger(prefix: str, number: int) -> str:
    """The job that triggers one of several children."""
    return f"{prefix}-child-{number}"


def carry(prefix: str, number: int) -> str:
    """The job that hands a child what earlier children left."""
    return f"{prefix}-carry-{number}"


def ticket_folder(batch_id: str, ticket: str) -> str:
    """Where a ticket's artifacts lie, below the clone."""
    return f"{OUT_FOLDER}/batches/{batch_id}/tickets/{ticket}"


def candidate_job(prefix: str) -> str:
    """The job without a token in which the tests of the candidate run."""
    return f"{prefix}-candidate"


def candidate_trigger(prefix: str) -> str:
    """The job that triggers it."""
    return f"{prefix}-integrate"


def together_job(prefix: str) -> str:
    """The job of control that tries the open changes with git."""
    return f"{prefix}-together"


def verdict_job(prefix: str, iid: int | None = None) -> str:
    """The gates' job of one merge request, or what all of them share. `prefix` ends as it likes."""
    name = f"{prefix}ci-factory-verdict"
    return name if iid is None else f"{name}:{iid}"


def verdict_trigger(prefix: str) -> str:
    """The job that triggers those."""
    return f"{prefix}ci-factory-verdicts"


def verdict_folder(iid: int | str) -> str:
    """Where the verdict on a merge request lies, below the clone."""
    return f"{OUT_FOLDER}/verdicts/{iid}"


VERDICTS = f"{OUT_FOLDER}/verdicts.json"
"""What the job that plans verdicts leaves, below the clone."""

CANDIDATE = f"{OUT_FOLDER}/candidate.json"
"""What the job of the candidate leaves, below the clone."""
INTEGRATION_NAME = "integration.yml"
"""The pipeline with that job."""
