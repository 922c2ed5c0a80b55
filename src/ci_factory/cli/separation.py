"""Who may hold the forge's token: jobs of control on a protected ref. Agents and gates are refused when they find one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ci_factory.cli import common
from ci_factory.cli.gate import base_config
from ci_factory.cli.wiring import AgentChoice, choose_agents
from ci_factory.config import Config, ForgeConfig
from ci_factory.errors import RepositoryError, UsageError
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.system import ci_env
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.workflow import planning, relay
from ci_factory.workflow.factory import Progress, Silence, Workshop, project_name


@dataclass(frozen=True)
class Stage:
    """One ticket of a batch, to be worked on or judged from files alone."""

    shop: Workshop
    batch: Batch
    planned: PlannedTicket


def refuse_credentials(config: ForgeConfig | None = None) -> None:
    """Do not start where what an agent or a test runs could find a way to write to the forge.

    Raises:
        UsageError: a variable holds one; its name is told, and nothing of its value.
    """
    names = (config.token_variable,) if config is not None else ()
    for name in names:
        ci_env.secret(name)  # from now on no child gets it, whoever names it
    if found := ci_env.forge_credentials(*names):
        raise UsageError(
            "this job runs agents or untested changes, and its environment can write to the forge",
            where=", ".join(found),
            fix="take the variable away from this job: protect it and scope it to the environment of the control jobs"
            " (docs/gitlab.md, What each job may see)",
        )


def open_stage(
    ticket_id: str,
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    choice: AgentChoice | None = None,
    *,
    progress: Progress | None = None,
) -> Stage:
    """A stage without a forge: all that it knows are the batch, the clone, and what earlier jobs left.

    The configuration is that of the batch's base, or the file that was named: no change has a say in how it is judged.

    Raises:
        UsageError: a credential is in the environment, there is no batch, the ticket is not in it, or an agent is unknown.
        RepositoryError: the clone lacks the batch's base.
        ArtifactError: the batch is of another project.
    """
    refuse_credentials()
    git = common.open_repository(repo)
    layout = common.layout(git, out)
    batch = planning.required_in(layout)
    relay.check_batch(batch, project_name(git, common.load_config(git, config_file)[0]))
    config = config_of(git, batch, config_file)
    refuse_credentials(config.forge)
    folder = config_file.absolute().parent if config_file is not None else git.folder
    planned = planned_ticket(batch, ticket_id)
    shop = Workshop(
        git=git,
        layout=layout,
        config=config,
        config_folder=folder,
        agents=choose_agents(config, _named(choice, planned)) if choice is not None else config.agents,
        clock=SystemClock(),
        progress=progress or Silence(),
    )
    return Stage(shop, batch, planned)


def _named(choice: AgentChoice, planned: PlannedTicket) -> AgentChoice:
    """Without other wishes, the agent that the plan names."""
    return choice if choice.names or choice.command else replace(choice, names=(planned.agent,))


def planned_ticket(batch: Batch, ticket_id: str) -> PlannedTicket:
    """A ticket of the batch by its id.

    Raises:
        UsageError: there is none.
    """
    found = next((planned for planned in batch.tickets if planned.id == ticket_id), None)
    if found is None:
        raise UsageError(
            f"ticket {ticket_id!r} is not in batch {batch.id}", where="TICKET", fix=_known(batch.tickets)
        )
    return found


def _known(tickets: Sequence[PlannedTicket]) -> str:
    return f"one of: {', '.join(planned.id for planned in tickets)}"


def config_of(git: Git, batch: Batch, path: Path | None) -> Config:
    """The configuration on the batch's base, or of the file that was named.

    Raises:
        RepositoryError: the clone lacks the base.
    """
    try:
        return base_config(git, batch.base, path)
    except RepositoryError as error:
        raise RepositoryError(
            f"the clone lacks the commit that batch {batch.id} starts from",
            where=batch.base,
            fix="set GIT_DEPTH: 0 for the job, or git fetch it",
        ) from error
