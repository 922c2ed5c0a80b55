"""Intake's one door: a ticket becomes a candidate."""

from collections.abc import Mapping
from datetime import datetime

from ci_factory.config import Config
from ci_factory.intake.estimate import estimate
from ci_factory.intake.prediction import with_prediction
from ci_factory.intake.readiness import judge, with_sections
from ci_factory.intake.risk import assess_risk
from ci_factory.intake.sections import read
from ci_factory.intake.surroundings import Surroundings
from ci_factory.intake.tree import index
from ci_factory.model.ticket import Candidate, Ticket

NOTHING = Surroundings()


def assess(
    ticket: Ticket,
    *,
    tree: frozenset[str],
    known: Mapping[str, bool],
    config: Config,
    now: datetime,
    surroundings: Surroundings = NOTHING,
) -> Candidate:
    """Judge, estimate and weigh one ticket.

    `tree` has all paths at the base. `known` maps the id of every ticket that exists to whether it is done; an id that is
    not in it is a mistake in the ticket. `surroundings` has what else speaks for files. The candidate's ticket carries the
    acceptance criteria and test cases that its body lists under their headings, where the fields were empty.
    """
    body = read(ticket.body)
    paths = index(tree)
    ticket = with_sections(ticket, body)
    guess = with_prediction(estimate(ticket, paths), ticket, paths, surroundings)
    return Candidate(
        ticket=ticket,
        readiness=judge(ticket, body, known, now),
        estimate=guess,
        risk=assess_risk(ticket, body, guess, paths, config),
    )
