"""The project's own verdicts as a child pipeline: a gates' job for each merge request. Pure.

Of a merge request there are its number and two commits, which are checked again here; no title, no name of a branch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ci_factory.model.verdicts import PlannedVerdict, VerdictPlan
from ci_factory.planning.pipeline_jobs import (
    NO_VERDICT,
    ONLY_AS_CHILD,
    WORK_IS_BAD,
    Job,
    base,
    installed,
    nothing,
)
from ci_factory.planning.pipeline_names import GENERATION_NAME, verdict_folder, verdict_job
from ci_factory.planning.pipeline_values import (
    EXPIRE,
    IMAGE,
    MAX_MINUTES,
    MAX_RETRIES,
    PACKAGE,
    TAG,
    check,
    from_pairs,
)
from ci_factory.planning.pipeline_yaml import text_of

_STAGE = "gates"
_PATTERNS = {
    "prefix": r"([A-Za-z0-9][A-Za-z0-9 _.-]{0,62})?",
    "image": IMAGE,
    "package": PACKAGE,
    "tags": TAG,
    "depth": r"[0-9]{1,6}",
    "expire": EXPIRE,
}
_BOUNDS = {"minutes": (1, MAX_MINUTES), "retries": (0, MAX_RETRIES)}


@dataclass(frozen=True)
class VerdictSettings:
    """How the jobs of the gates are written.

    Raises:
        UsageError: a value is not one that may stand in a pipeline.
    """

    prefix: str = ""
    """Begins the names of jobs, as it is: a space at its end counts."""
    image: str = "python:3.12"
    package: str = "ci-factory[gates]"
    """What pip installs first; empty when the image has it."""
    tags: tuple[str, ...] = ()
    minutes: int = 60
    retries: int = 1
    depth: str = "20"
    """Commits to clone; base and head are fetched by themselves. `0`: all."""
    expire: str = "7 days"

    def __post_init__(self) -> None:
        """Check every value."""
        check(self, _PATTERNS, _BOUNDS)


def verdict_settings(pairs: Iterable[str], **known: str) -> VerdictSettings:
    """Settings of `NAME=VALUE` texts, on top of what is `known`: see `from_pairs`.

    Raises:
        UsageError: a name or a value is wrong.
    """
    return from_pairs(VerdictSettings, pairs, known)


def verdict_pipeline(plan: VerdictPlan, settings: VerdictSettings) -> str:
    """The child as YAML; with nothing to judge it has one job that says so, as a trigger fails without any."""
    frame: Job = {"workflow": ONLY_AS_CHILD, "stages": [_STAGE]}
    if not plan.verdicts:
        idle = nothing(settings.image, settings.tags, _STAGE, "every verdict is there already")
        document = frame | {f"{verdict_job(settings.prefix)}-idle": idle}
    else:
        jobs = {verdict_job(settings.prefix, each.iid): _job(each, settings) for each in plan.verdicts}
        document = frame | {f".{verdict_job(settings.prefix)}": _template(settings)} | jobs
    return text_of(document, GENERATION_NAME, fix="lower --limit")


def _job(planned: PlannedVerdict, settings: VerdictSettings) -> Job:
    variables = {"MERGE_REQUEST": str(planned.iid), "HEAD_SHA": planned.head, "BASE_SHA": planned.base}
    return {"extends": f".{verdict_job(settings.prefix)}", "variables": variables}


def _template(settings: VerdictSettings) -> Job:
    """No environment, so that what belongs to one does not arrive: the command refuses to start beside a token."""
    package, install = installed(settings.package)
    folder = verdict_folder("$MERGE_REQUEST")
    return base(settings.image, settings.tags) | {
        "stage": _STAGE,
        "needs": [],
        "interruptible": False,
        "timeout": f"{settings.minutes} minutes",
        "variables": {"GIT_DEPTH": settings.depth, **package},
        "script": [
            *install,
            'ci-factory verdicts gate "$MERGE_REQUEST" --head "$HEAD_SHA" --base "$BASE_SHA"',
        ],
        "artifacts": {
            "when": "always",
            "public": False,
            "expire_in": settings.expire,
            "paths": [f"{folder}/gate.json", f"{folder}/score.json"],
        },
        "retry": {"max": settings.retries, "when": NO_VERDICT},
        "allow_failure": {"exit_codes": WORK_IS_BAD},
    }
