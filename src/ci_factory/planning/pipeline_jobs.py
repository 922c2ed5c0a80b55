"""The jobs of one child pipeline as plain data. Of a ticket there is its id and its lane, and nothing that anybody wrote."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ci_factory.errors import ExitCode
from ci_factory.planning.pipeline_settings import PipelineSettings
from ci_factory.planning.pipeline_split import Links, Wiring

Job = dict[str, Any]

_INHERIT_NOTHING = {"default": False, "variables": False}
"""Whatever a project gives to all its jobs, credentials among it, is not for jobs where others' code runs."""
_ONLY_AS_CHILD = {"rules": [{"if": '$CI_PIPELINE_SOURCE == "parent_pipeline"'}]}
_RUNNER_FAILED = ["runner_system_failure", "scheduler_failure"]
"""Never a time-out or a silence: a model was paid until then, and would be paid again."""
_NO_VERDICT = [*_RUNNER_FAILED, "stuck_or_timeout_failure", "api_failure"]
"""For gates, which cost no more than their minutes; still not a script's failure, which is a verdict."""
_WORK_IS_BAD = [int(ExitCode.JUDGED_FAILED), int(ExitCode.INCONCLUSIVE)]
"""An ending of the night like another, not a broken factory: the pipeline goes on with a warning.

What waits for bad work starts too: the command knows whether to pass it over, or to skip the ticket and say why.
"""
_WRITTEN_BY_GATES = ("gate.json", "score.json", "publication.json")
_WRITTEN_BY_AGENTS = ("attempt.json", "change.bundle", "agent/**/*", "publication.json")


class Place(NamedTuple):
    """A ticket as a pipeline knows it."""

    ticket: str
    lane: int

    @property
    def variables(self) -> dict[str, str]:
        """All that a job is told."""
        return {"TICKET": self.ticket, "LANE": f"lane-{self.lane}"}


@dataclass(frozen=True)
class ChildWriter:
    """Writes the children of one batch."""

    batch_id: str
    agent_minutes: int
    lanes: Mapping[str, int]
    links: Links
    settings: PipelineSettings

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
            yield self._name("agent", ticket), self._job("agent", ticket, [])
        for ticket in tickets:
            yield self._name("gate", ticket), self._job("gate", ticket, [self._name("agent", ticket)])

    def _matrices(self, tickets: Sequence[str]) -> Iterator[tuple[str, Job]]:
        """Row by row, the second matrix needs the first: a gate job starts when its own agent job has ended."""
        rows = [self._place(ticket).variables for ticket in tickets]
        same_row = {name: f"$[[ matrix.{name} ]]" for name in rows[0]}
        own_agent = {"job": self._name("agent"), "parallel": {"matrix": [same_row]}}
        for kind, needs in (("agent", []), ("gate", [own_agent])):
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
            changes = [self._name("agent", each) for each in wiring.before]
            verdicts = [self._name("gate", each) for each in wiring.before]
            own = self._name("agent", ticket)
            yield own, self._job("agent", ticket, [*verdicts, *changes]) | stage
            yield self._name("gate", ticket), self._job("gate", ticket, [own, *changes]) | stage

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
        return common | {
            "stage": settings.agent_stage,
            "timeout": f"{self.agent_minutes} minutes",
            "resource_group": f"{settings.prefix}-$LANE",
            "retry": {"max": settings.agent_retries, "when": _RUNNER_FAILED},
            "artifacts": self._artifacts(_WRITTEN_BY_GATES),
        }

    def _gate(self) -> Job:
        settings = self.settings
        common = _template(settings, "check", settings.gate_image or settings.image, settings.gate_tags)
        return common | {
            "stage": settings.gate_stage,
            "timeout": f"{settings.gate_minutes} minutes",
            "retry": {"max": settings.gate_retries, "when": _NO_VERDICT},
            "artifacts": self._artifacts(_WRITTEN_BY_AGENTS),
        }

    def _artifacts(self, of_others: Sequence[str]) -> Job:
        """The ticket's folder without what the other job writes: neither can speak in the other's name."""
        folder = f".ci-factory/batches/{self.batch_id}/tickets/$TICKET"
        return {
            "when": "always",
            "expire_in": self.settings.expire,
            "paths": [f"{folder}/"],
            "exclude": [f"{folder}/{each}" for each in of_others],
        }

    @property
    def _plan(self) -> Job:
        return {"pipeline": self.settings.plan_pipeline, "job": self.settings.plan_job, "artifacts": True}

    def _place(self, ticket: str) -> Place:
        return Place(ticket, self.lanes[ticket])

    def _name(self, kind: str, ticket: str | None = None) -> str:
        name = f"{self.settings.prefix}-{kind}"
        return name if ticket is None else f"{name}:{ticket}"


def idle(settings: PipelineSettings) -> Job:
    """A pipeline for a night without tickets: a trigger fails on one without any job."""
    job = _base(settings.image, settings.agent_tags) | {
        "stage": settings.agent_stage,
        "variables": {"GIT_STRATEGY": "none"},
        "needs": [],
        "script": ["echo 'no ticket is planned'"],
    }
    return _frame(settings) | {f"{settings.prefix}-idle": job}


def _frame(settings: PipelineSettings) -> Job:
    stages = [settings.agent_stage, settings.gate_stage, settings.stack_stage]
    return {"workflow": _ONLY_AS_CHILD, "stages": stages}


def _base(image: str, tags: Sequence[str]) -> Job:
    return {"image": image, **({"tags": list(tags)} if tags else {}), "inherit": _INHERIT_NOTHING}


def _template(settings: PipelineSettings, command: str, image: str, tags: Sequence[str]) -> Job:
    """What all jobs of a kind share.

    There is no `environment`, so that variables which belong to one do not arrive. Emptying the token's variable here
    would be vain: a project's variables win over those of a job. The commands refuse to start when they see it.
    """
    install = ['python -m pip install --quiet "$FACTORY_PACKAGE"'] if settings.package else []
    package = {"FACTORY_PACKAGE": settings.package} if settings.package else {}
    return _base(image, tags) | {
        "interruptible": False,
        "variables": {"GIT_DEPTH": "0", **package},
        "script": [*install, f'ci-factory {command} "$TICKET"'],
        "allow_failure": {"exit_codes": _WORK_IS_BAD},
    }
