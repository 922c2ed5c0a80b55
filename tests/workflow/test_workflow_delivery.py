"""Publishing several tickets at the same time."""

import threading
from pathlib import Path
from typing import Any

import pytest

from ci_factory.errors import ForgeError
from ci_factory.model.forge import Publication
from ci_factory.publishing.publisher import Judged
from ci_factory.system.git import Git
from ci_factory.workflow.delivery import in_turn
from tests.workflow.ready_changes import ready_changes


@pytest.fixture
def judged(new_repo: Any, tmp_path: Path) -> list[Judged]:
    """Four worked tickets; the third is stacked on the first."""
    _, changes = ready_changes(Git(new_repo({"README.md": "x\n"})), tmp_path, 4)
    found = [each.judged for each in changes]
    planned = found[2].planned.model_copy(update={"stacked_on": "1"})
    return [*found[:2], Judged(planned, found[2].attempt, found[2].report, found[2].score), found[3]]


def published(each: Judged) -> Publication:
    return Publication(ticket_id=each.planned.id, batch_id="b", outcome="merge-request")


def test_answers_come_in_the_order_of_the_batch(judged: list[Judged]) -> None:
    """However many work at once."""
    for parallel in (1, 2, 8):
        assert [each.ticket_id for each in in_turn(judged, published, parallel)] == ["1", "2", "3", "4"]


def test_several_are_published_at_the_same_time(judged: list[Judged]) -> None:
    """Three that do not depend on each other meet at a barrier."""
    barrier = threading.Barrier(3, timeout=30)

    def publish(each: Judged) -> Publication:
        if each.planned.stacked_on is None:
            barrier.wait()
        return published(each)

    assert len(in_turn(judged, publish, 4)) == 4


def test_a_stacked_ticket_waits_for_the_one_below(judged: list[Judged]) -> None:
    """It begins when its predecessor has ended, also when that failed."""
    ended: list[str] = []
    go = threading.Event()

    def publish(each: Judged) -> Publication:
        if each.planned.id == "1":
            go.wait(30)
        if each.planned.id == "4":
            go.set()
        ended.append(each.planned.id)
        return published(each)

    in_turn(judged, publish, 4)
    assert ended.index("1") < ended.index("3")


def test_after_a_failure_nothing_new_is_begun(judged: list[Judged]) -> None:
    """The error comes out, and with one at a time the others stay for the next run."""
    begun: list[str] = []

    def publish(each: Judged) -> Publication:
        begun.append(each.planned.id)
        raise ForgeError("down")

    with pytest.raises(ForgeError, match="down"):
        in_turn(judged, publish, 1)
    assert len(begun) <= 2
