"""The jobs of one child pipeline as plain data. Of a ticket there is its id and its lane, and nothing that anybody wrote."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ci_factory.errors import ExitCode
from ci_factory.planning.pipeline_names import AGENT, GATE, Place, job_name, ticket_folder
from ci_factory.planning.pipeline_settings import PipelineSettings
from ci_factory.planning.pipeline_split import Links, Wiring

Job = dict[str, Any]

INHERIT_NOTHING = {"default": False, "variables": False}
"""Whatever a project gives to all its jobs, credentials among it, is not for jobs where others' code runs."""
ONLY_AS_CHILD = {"rules": [{"if": '$CI_PIPELINE_SOURCE == "parent_pipeline"'}]}
RUNNER_FAILED = ["runner_system_failure", "scheduler_failure"]
"""Never a time-out or a silence: a model was paid until then, and would be paid again."""
NO_VERDICT = [*RUNNER_FAILED, "stuck_or_timeout_failure", "api_failure"]
"""For gates, which cost no more than their minutes; still not a script's failure, which is a verdict."""
WORK_IS_BAD = [int(ExitCode.JUDGED_FAILED), int(ExitCode.INCONCLUSIVE)]
"""An ending of the night like another, not a broken factory: the pipeline goes on with a warning.

What waits for bad work starts too: the command knows whether to pass it over, or to skip the ticket and say why.
"""
_WRITTEN_BY_GATES = ("gate.json", "score.json", "publication.json")
_WRITTEN_BY_AGENTS = ("attempt.json", "change.bundle", "agent/**/*", "publication.json")


@dataclass(frozen=True)
class ChildWriter:
    """Writes the children of one batch."""

    batch_id: str
    agent_minutes: int
    lanes: Mapping[str, int]
    links: Links
    settings: PipelineSettings
    source: str = ""
    """The job whose artifact has the batch, and what earlier children left; empty: the one that planned."""

    def document(self, child: Sequence[str]) -> Job:
        """The pipeline of some tickets."""
        members = frozenset(child)
        wirings = {ticket: self.links.wiring(ticket, members) for ticket in child}
        linked = {each for wiring in wirings.values() for each in wiring.before}
        linked |= {each for each in child if wirings[each].before}
        alone = [each for each in child if each not in linked]
        stacked = {each: wirings[each] for each in child if each in linked}
        return _frame(self.settings) | {
            f".{self._name('agent')}": self._agent(),
            f".{self._name('gate')}": self._gate(),
            **dict(self._independent(alone)),
            **dict(self._stacked(stacked)),
        }

    def _independent(self, tickets: Sequence[str]) -> Iterator[tuple[str, Job]]:
        if not tickets:
            return
        if self.settings.by_matrix:
            yield from self._matrices(tickets)
            return
        for ticket in tickets:
            yield self._name(AGENT, ticket), self._job(AGENT, ticket, [])
        for ticket in tickets:
            yield self._name(GATE, ticket), self._job(GATE, ticket, [self._name(AGENT, ticket)])

    def _matrices(self, tickets: Sequence[str]) -> Iterator[tuple[str, Job]]:
        """Row by row, the second matrix needs the first: a gate job starts when its own agent job has ended."""
        rows = [self._place(ticket).variables for ticket in tickets]
        same_row = {name: f"$[[ matrix.{name} ]]" for name in rows[0]}
        own_agent = {"job": self._name(AGENT), "parallel": {"matrix": [same_row]}}
        for kind, needs in ((AGENT, []), (GATE, [own_agent])):
            yield (
                self._name(kind),
                {
                    "extends": f".{self._name(kind)}",
                    "parallel": {"matrix": rows},
                    "needs": [self._plan, *needs],
                },
            )

    def _stacked(self, wirings: Mapping[str, Wiring]) -> Iterator[tuple[str, Job]]:
        stage: Job = {"stage": self.settings.stack_stage}
        for ticket, wiring in wirings.items():
            changes = [self._name(AGENT, each) for each in wiring.before]
            verdicts = [self._name(GATE, each) for each in wiring.before]
            own = self._name(AGENT, ticket)
            yield own, self._job(AGENT, ticket, [*verdicts, *changes]) | stage
            yield self._name(GATE, ticket), self._job(GATE, ticket, [own, *changes]) | stage

    def _job(self, kind: str, ticket: str, needs: Sequence[str]) -> Job:
        return {
            "extends": f".{self._name(kind)}",
            "variables": self._place(ticket).variables,
            "needs": [self._plan, *needs],
        }

    def _agent(self) -> Job:
        """An agent slot is a resource group of the project, so that it is one for all children and all nights."""
        settings = self.settings
        common = _template(settings, "work", settings.image, settings.agent_tags)
        return (
            common
            | _scoped(settings.agent_environment)
            | {
                "stage": settings.agent_stage,
                "timeout": f"{self.agent_minutes} minutes",
                "resource_group": f"{settings.prefix}-$LANE",
                "retry": {"max": settings.agent_retries, "when": RUNNER_FAILED},
                "artifacts": self._artifacts(_WRITTEN_BY_GATES),
            }
        )

    def _gate(self) -> Job:
        settings = self.settings
        common = _template(settings, "check", settings.gate_image or settings.image, settings.gate_tags)
        return common | {
            "stage": settings.gate_stage,
            "timeout": f"{settings.gate_minutes} minutes",
            "retry": {"max": settings.gate_retries, "when": NO_VERDICT},
            "artifacts": self._artifacts(_WRITTEN_BY_AGENTS),
        }

    def _artifacts(self, of_others: Sequence[str]) -> Job:
        """The ticket's folder without what the other job writes: neither can speak in the other's name.

        A confidential issue's words are in it, so of a public project only members get it.
        """
        folder = ticket_folder(self.batch_id, "$TICKET")
        return {
            "when": "always",
            "public": False,
            "expire_in": self.settings.expire,
            "paths": [f"{folder}/"],
            "exclude": [f"{folder}/{each}" for each in of_others],
        }

    @property
    def _plan(self) -> Job:
        job = self.source or self.settings.plan_job
        return {"pipeline": self.settings.plan_pipeline, "job": job, "artifacts": True}

    def _place(self, ticket: str) -> Place:
        return Place(ticket, self.lanes[ticket])

    def _name(self, kind: str, ticket: str | None = None) -> str:
        return job_name(self.settings.prefix, kind, ticket)


def _scoped(environment: str) -> Job:
    """Variables of this environment arrive; `access` is no deployment."""
    return {"environment": {"name": environment, "action": "access"}} if environment else {}


def idle(settings: PipelineSettings) -> Job:
    """A pipeline for a night without tickets: a trigger fails on one without any job."""
    job = nothing(settings.image, settings.agent_tags, settings.agent_stage, "no ticket is planned")
    return _frame(settings) | {f"{settings.prefix}-idle": job}


def nothing(image: str, tags: Sequence[str], stage: str, said: str) -> Job:
    """A job that says in our own words why it does nothing."""
    return base(image, tags) | {
        "stage": stage,
        "variables": {"GIT_STRATEGY": "none"},
        "needs": [],
        "script": [f"echo '{said}'"],
    }


def _frame(settings: PipelineSettings) -> Job:
    stages = [settings.agent_stage, settings.gate_stage, settings.stack_stage]
    return {"workflow": ONLY_AS_CHILD, "stages": stages}


def base(image: str, tags: Sequence[str]) -> Job:
    """What every job begins with that runs somebody's code."""
    return {"image": image, **({"tags": list(tags)} if tags else {}), "inherit": INHERIT_NOTHING}


def installed(package: str) -> tuple[Job, list[str]]:
    """Variables and first lines of a script that installs the factory; none when the image has it."""
    if not package:
        return {}, []
    return {"FACTORY_PACKAGE": package}, ['python -I -m pip install --quiet "$FACTORY_PACKAGE"']


def _template(settings: PipelineSettings, command: str, image: str, tags: Sequence[str]) -> Job:
    """What all jobs of a kind share.

    There is no `environment` but the agents' own, so that variables which belong to one do not arrive. Emptying the token's variable here
    would be vain: a project's variables win over those of a job. The commands refuse to start when they see it.
    """
    package, install = installed(settings.package)
    return base(image, tags) | {
        "interruptible": False,
        "variables": {"GIT_DEPTH": "0", **package},
        "script": [*install, f'ci-factory {command} "$TICKET"'],
        "allow_failure": {"exit_codes": WORK_IS_BAD},
    }
