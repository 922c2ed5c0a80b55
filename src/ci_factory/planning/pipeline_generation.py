"""The pipeline between the user's own and several children: it triggers them, and hands on what later ones build on. Pure.

GitLab lets a child take artifacts of its parent's jobs, and not of another child's by a name that is known beforehand. So
this pipeline has the plan once more, as an artifact of a job of the same name; and before a child that goes on from earlier
ones, a job of control collects what these left.
"""

from collections.abc import Iterator, Sequence

from ci_factory.model.pipelines import ChildPipeline
from ci_factory.planning.pipeline_jobs import INHERIT_NOTHING, ONLY_AS_CHILD, RUNNER_FAILED, Job, installed
from ci_factory.planning.pipeline_names import CHILDREN_FOLDER, OUT_FOLDER, PARENT, carry, child_trigger
from ci_factory.planning.pipeline_settings import PipelineSettings

_STAGE = "generation"


def generation(batch_id: str, children: Sequence[ChildPipeline], settings: PipelineSettings) -> Job:
    """The pipeline that triggers all children, each as soon as those that it goes on from have ended."""
    folder = f"{OUT_FOLDER}/batches/{batch_id}/"
    jobs = {settings.plan_job: _plan_again(folder, settings)}
    for child in children:
        jobs |= dict(_jobs(child, folder, settings))
    return {"workflow": ONLY_AS_CHILD, "stages": [_STAGE], **jobs}


def _jobs(child: ChildPipeline, folder: str, settings: PipelineSettings) -> Iterator[tuple[str, Job]]:
    plan = {"job": settings.plan_job, "artifacts": True}
    before: Job = {}
    if child.after:
        ended = [{"job": child_trigger(settings.prefix, each), "artifacts": False} for each in child.after]
        yield carry(settings.prefix, child.number), _carry(folder, settings) | {"needs": [plan, *ended]}
        before = {"job": carry(settings.prefix, child.number), "artifacts": False}
    yield (
        child_trigger(settings.prefix, child.number),
        {
            "stage": _STAGE,
            "inherit": INHERIT_NOTHING,
            "needs": [plan, before] if before else [plan],
            "variables": {PARENT.removeprefix("$"): "$CI_PIPELINE_ID"},
            "trigger": {
                "include": [{"artifact": f"{CHILDREN_FOLDER}/{child.file}", "job": settings.plan_job}],
                "strategy": "depend",
            },
        },
    )


def _plan_again(folder: str, settings: PipelineSettings) -> Job:
    """Hands on what it needs; it runs nothing of anybody."""
    planned = {"pipeline": settings.plan_pipeline, "job": settings.plan_job, "artifacts": True}
    return _job(settings) | {
        "variables": {"GIT_STRATEGY": "none"},
        "needs": [planned],
        "script": ["true"],
        "artifacts": {
            "public": False,
            "expire_in": settings.expire,
            "paths": [folder, f"{CHILDREN_FOLDER}/"],
        },
    }


def _carry(folder: str, settings: PipelineSettings) -> Job:
    """It starts whatever became of the children before: `work` decides what can be built on."""
    package, install = installed(settings.package)
    return _job(settings) | {
        "environment": {"name": settings.environment, "action": "access"},
        "when": "always",
        "interruptible": False,
        "variables": {"FACTORY_PREFIX": settings.prefix, **package},
        "script": [*install, 'ci-factory gather --prefix "$FACTORY_PREFIX"'],
        "artifacts": {"public": False, "expire_in": settings.expire, "paths": [folder]},
    }


def _job(settings: PipelineSettings) -> Job:
    tags = {"tags": list(settings.control_tags)} if settings.control_tags else {}
    return {
        "stage": _STAGE,
        "image": settings.image,
        **tags,
        "inherit": INHERIT_NOTHING,
        "retry": {"max": 2, "when": RUNNER_FAILED},
    }
