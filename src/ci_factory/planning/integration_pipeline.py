"""The tests of the candidate as a child pipeline: one job without any token. Pure.

Nothing that anybody wrote is in it: which changes the candidate is made of, the job reads from an artifact.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ci_factory.planning.pipeline_jobs import (
    NO_VERDICT,
    ONLY_AS_CHILD,
    WORK_IS_BAD,
    Job,
    base,
    installed,
    nothing,
)
from ci_factory.planning.pipeline_names import (
    CANDIDATE,
    INTEGRATION_NAME,
    PARENT,
    candidate_job,
    together_job,
)
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

_STAGE = "integration"
_PATTERNS = {
    "prefix": r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}",
    "image": IMAGE,
    "package": PACKAGE,
    "tags": TAG,
    "expire": EXPIRE,
}
_BOUNDS = {"minutes": (1, MAX_MINUTES), "retries": (0, MAX_RETRIES)}


@dataclass(frozen=True)
class IntegrationSettings:
    """How the job is written.

    Raises:
        UsageError: a value is not one that may stand in a pipeline.
    """

    prefix: str = "factory"
    image: str = "python:3.12"
    package: str = "ci-factory[all]"
    """What pip installs first; empty when the image has it."""
    tags: tuple[str, ...] = ()
    minutes: int = 90
    retries: int = 1
    expire: str = "14 days"

    def __post_init__(self) -> None:
        """Check every value."""
        check(self, _PATTERNS, _BOUNDS)


def integration_settings(pairs: Iterable[str], **known: str) -> IntegrationSettings:
    """Settings of `NAME=VALUE` texts, on top of what is `known`: see `from_pairs`.

    Raises:
        UsageError: a name or a value is wrong.
    """
    return from_pairs(IntegrationSettings, pairs, known)


def integration_pipeline(settings: IntegrationSettings, *, wanted: bool) -> str:
    """The child as YAML; when no test is `wanted` it has one job that says so, as a trigger fails without any."""
    frame: Job = {"workflow": ONLY_AS_CHILD, "stages": [_STAGE]}
    if wanted:
        jobs = {candidate_job(settings.prefix): _job(settings)}
    else:
        idle = nothing(settings.image, settings.tags, _STAGE, "there is no candidate to test")
        jobs = {f"{candidate_job(settings.prefix)}-idle": idle}
    return text_of(frame | jobs, INTEGRATION_NAME, fix="this is a bug")


def _job(settings: IntegrationSettings) -> Job:
    """No environment, so that what belongs to one does not arrive: the command refuses to start beside a token."""
    package, install = installed(settings.package)
    candidate = {"pipeline": PARENT, "job": together_job(settings.prefix), "artifacts": True}
    return base(settings.image, settings.tags) | {
        "stage": _STAGE,
        "needs": [candidate],
        "interruptible": False,
        "timeout": f"{settings.minutes} minutes",
        "variables": {"GIT_DEPTH": "0", **package},
        "script": [*install, "ci-factory integrate --only tests"],
        "artifacts": {
            "when": "always",
            "public": False,
            "expire_in": settings.expire,
            "paths": [CANDIDATE],
        },
        "retry": {"max": settings.retries, "when": NO_VERDICT},
        "allow_failure": {"exit_codes": WORK_IS_BAD},
    }
