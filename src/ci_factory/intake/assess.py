"""Intake's one door: a ticket becomes a candidate."""

from collections.abc import Mapping
from datetime import datetime

from ci_factory.config import Config
from ci_factory.intake.estimate import estimate
from ci_factory.intake.readiness import judge, with_sections
from ci_factory.intake.risk import assess_risk
from ci_factory.intake.sections import read
from ci_factory.intake.tree import index
from ci_factory.model.ticket import Candidate, Ticket


def assess(
    ticket: Ticket, *, tree: frozenset[str], known: Mapping[str, bool], config: Config, now: datetime
) -> Candidate:
    """Judge, estimate and weigh one ticket.

    `tree` has all paths at the base. `known` maps the id of every ticket that exists to whether it is done; an id that is
    not in it is a mistake in the ticket. The candidate's ticket carries the acceptance criteria and test cases that its
    body lists under their headings, where the fields were empty.
    """
    body = read(ticket.body)
    paths = index(tree)
    ticket = with_sections(ticket, body)
    guess = estimate(ticket, paths)
    return Candidate(
        ticket=ticket,
        readiness=judge(ticket, body, known, now),
        estimate=guess,
        risk=assess_risk(ticket, body, guess, paths, config),
    )
