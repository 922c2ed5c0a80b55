"""What is done about a failure: each class has its own budget (SPEC 3). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ci_factory.config import Config
from ci_factory.model.attempt import Option, Trigger
from ci_factory.model.failure import Failure, FailureClass
from ci_factory.work.cause import Cause


class Move(StrEnum):
    """What happens to a ticket next."""

    END = "end"
    """It goes to people."""
    RETRY = "retry"
    """A fresh start after a pause, in the same place."""
    SLEEP = "sleep"
    """It waits for its credential; nothing is counted."""
    HAND_OVER = "hand-over"
    """Another agent gets it."""


@dataclass(frozen=True)
class Decision:
    """One move, and the seconds to wait before it."""

    move: Move
    seconds: float = 0


class Suspended(Exception):
    """The work on a ticket stops for now: its credential sleeps, or another agent is to have it. Its record stays."""

    def __init__(self, failure: Failure, move: Move, began_at: datetime) -> None:
        """Take what failed, what is to be done, and when the call that failed began."""
        super().__init__(failure.detail)
        self.failure, self.move, self.began_at = failure, move, began_at


def decide(failures: Sequence[Failure], config: Config, *, retry: bool, another: bool) -> Decision:
    """What to do after the last of a ticket's failures, all of which are given, the oldest first.

    `retry`: a fresh start of the same agent may help. `another`: an other agent could take the ticket.
    """
    kind = failures[-1].kind
    count = sum(failure.kind is kind for failure in failures)
    if kind is FailureClass.QUOTA:
        return Decision(Move.SLEEP)
    if kind is FailureClass.ENVIRONMENT:
        return Decision(Move.HAND_OVER if another else Move.END)
    if kind is FailureClass.INFRASTRUCTURE:
        return _again(count, config.failures.infrastructure_retries, config)
    if kind is FailureClass.AGENT and retry:
        if another and count == config.retries.limit:
            return Decision(Move.HAND_OVER)  # the last try goes to somebody else
        return _again(count, config.retries.limit, config)
    return Decision(Move.END)


def _again(count: int, limit: int, config: Config) -> Decision:
    if count > limit:
        return Decision(Move.END)
    return Decision(Move.RETRY, config.retries.delay_seconds(count))


def cause_of(failure: Failure) -> Cause | None:
    """Why a person is asked where neither time nor another agent helps; `None` where one of them may."""
    if failure.kind is FailureClass.POLICY:
        return _cause(
            "what the ticket needs is forbidden to the agent",
            failure,
            "a rule of the vendor or of this project",
        )
    if failure.kind is FailureClass.TICKET:
        return _cause("the ticket can't be done as it stands", failure, "the agent's model can't take it")
    return None


def _cause(summary: str, failure: Failure, blocking: str) -> Cause:
    return Cause(
        Trigger.UNCERTAINTY,
        summary,
        failure.detail,
        blocking,
        options=(
            Option(
                title="Change the ticket or the rule, and let an agent try again", cons="may be refused again"
            ),
            Option(title="Do it by hand", cons="takes a developer's time", by_hand=True),
        ),
        recommendation="read why it was refused; split or reword the ticket when that can help",
    )
