"""A night and its leases, from the plan to the end of the batch."""

from dataclasses import replace

import pytest

from ci_factory.model.batch import Batch
from ci_factory.model.forge import Publication
from ci_factory.publishing.leases import Leases
from ci_factory.system import records
from ci_factory.workflow import intake, planning
from tests.workflow.conftest import Desk

DAY = 24 * 3600.0
ON_EMBEDDED = pytest.mark.parametrize("desk", ["local"], indirect=True)


def opened(desk: Desk, *ticket_ids: str) -> None:
    """Tickets that are ready."""
    for ticket_id in ticket_ids:
        desk.world.ticket(
            ticket_id,
            labels=("ready-for-agent",),
            complexity="small",
            files=(f"lib/new{ticket_id}.py",),
            acceptance_criteria=("there is a value y",),
        )


def elsewhere(desk: Desk) -> Leases:
    """The factory on another machine."""
    return Leases(desk.world.forge, desk.world.clock, "elsewhere")


def planned(desk: Desk) -> Batch:
    """What the first two stages leave."""
    factory = desk.factory
    with factory.exclusively():
        batch = planning.plan(factory, intake.intake(factory))
    assert batch is not None
    return batch


def test_a_batch_holds_its_tickets_until_it_has_told_their_end(desk: Desk) -> None:
    """Nobody else gets them between the plan and the end of the night, and everybody afterwards."""
    opened(desk, "1")
    batch = planned(desk)
    assert elsewhere(desk).claim("another", ["1"]).keys() == {"1"}
    desk.run()
    assert records.read_model(desk.factory.layout.batch(batch.id).batch, Batch).status.over
    assert elsewhere(desk).claim("another", ["1"]) == {}


@ON_EMBEDDED
def test_what_another_line_has_at_work_is_not_planned(desk: Desk) -> None:
    """The plan goes on without it, writes nothing about it, and takes the next ticket in its place."""
    opened(desk, "1", "2")
    assert elsewhere(desk).claim("another", ["1"]) == {}
    assert [each.id for each in planned(desk).tickets] == ["2"]
    assert desk.world.forge.issue("1").ticket.labels == ("ready-for-agent",)


def test_what_was_taken_over_is_not_worked_on(desk: Desk) -> None:
    """A batch that comes back after its lease ended pays no agent for what nobody would publish, and ends."""
    opened(desk, "1")
    batch = planned(desk)
    desk.world.clock.sleep(DAY + 60)
    desk.world.forge.change_labels("1", add=("factory::running",), remove=("factory::queued",))
    assert elsewhere(desk).claim("another", ["1"]) == {}
    desk.factory = replace(desk.factory)
    desk.run()
    folder = desk.factory.layout.batch(batch.id)
    told = records.read_model(folder.ticket("1").publication, Publication)
    assert (told.outcome, told.reason) == ("superseded", "batch another has taken it")
    assert desk.prompts() == []
    assert "factory::running" in desk.world.forge.issue("1").ticket.labels
    assert records.read_model(folder.batch, Batch).status.over
    assert len(desk.factory.layout.batches()) == 1


@ON_EMBEDDED
def test_leases_can_be_done_without(desk: Desk) -> None:
    """A server that takes no refs but branches and tags: the night is as it was, and nothing is leased."""
    opened(desk, "1")
    desk.configured("publishing: {leases: false}\n")
    desk.run()
    assert desk.prompts() != []
    assert desk.world.forge.leases(["1"]) == {}
