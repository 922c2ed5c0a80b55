"""What a change leaves undone: the agent's own account made whole, or that of a call which was cut short. Pure."""

from ci_factory.model.attempt import Leftover, Partial
from ci_factory.model.ticket import Ticket
from ci_factory.work.checkpoints import names_criterion

_UNTOLD = "the agent did not say what became of it"
_CRITERION = 2_000


def complete(said: Partial, ticket: Ticket) -> Partial:
    """The agent's account, where a criterion of the ticket that it passes over counts as left."""
    told = [*said.done, *(each.criterion for each in said.left)]
    passed_over = [
        Leftover(criterion=text[:_CRITERION], why=_UNTOLD)
        for number, text in enumerate(ticket.acceptance_criteria, 1)
        if text.strip() and not names_criterion(text, number, told)
    ]
    left = (*said.left, *passed_over)[:200]
    return said.model_copy(update={"left": left})


def at_limit(ticket: Ticket, why: str) -> Partial:
    """Of a call that was ended at a limit: nobody said what is done, so a person has to look at everything."""
    criteria = [text for text in ticket.acceptance_criteria if text.strip()] or [ticket.title]
    left = tuple(Leftover(criterion=text[:_CRITERION], why=_UNTOLD) for text in criteria[:200])
    return Partial(left=left, summary=f"The work was cut short: {why}"[:10_000])
