"""Two processes that publish one ticket to GitLab, one of them held at a request, before or after its effect."""

import threading
from typing import Literal

import pytest

from tests.concurrency.conftest import Ground, Rival
from tests.forge.conftest import GitLabWorld
from tests.gitlab_standin.control import Fault

When = Literal["hold-before", "hold-after"]
EVENING = "20260302-180000"
REQUESTS, FEWEST = 60, 15
"""More than a publication makes, and fewer."""
NOTE, REQUEST, LABELS, PUSH = (
    r"merge_requests/\d+/notes",
    "/merge_requests$",
    r"/issues/\d+$",
    "git-receive-pack$",
)


def tried_again(ground: Ground, count: int) -> tuple[Rival, Rival]:
    """A batch of so many tickets, and two processes that publish it: a job is tried again while the first one lives."""
    ground.open(count)
    batch = ground.batch(EVENING, "VALUE", count)
    return ground.rival(batch, "here"), ground.rival(batch, "here")


def overtaken(first: Rival, second: Rival, gitlab: GitLabWorld, ticket_id: str, fault: Fault) -> str:
    """What became of a publication that was held while another process published the same; empty: it was not held."""
    first.claim(ticket_id)
    ended: list[str] = []
    thread = threading.Thread(target=lambda: ended.append(first.publish(ticket_id).outcome))
    gitlab.server.fault(fault)
    thread.start()
    held = False
    while not held and thread.is_alive():
        held = gitlab.server.await_held(0.05)
    gitlab.server.clear_faults()
    if held:
        assert second.resume(ticket_id) == {}
        assert second.publish(ticket_id).outcome == "merge-request"
    gitlab.server.release()
    thread.join()
    return ended[0] if held else ""


@pytest.mark.parametrize(
    ("when", "method", "path"),
    [("hold-before", "POST", NOTE), ("hold-before", "POST", REQUEST), ("hold-after", "POST", PUSH), ("hold-before", "PUT", LABELS)],
)  # fmt: skip
def test_a_write_that_waits_makes_nothing_twice(
    gitlab_ground: Ground, gitlab: GitLabWorld, when: When, method: str, path: str
) -> None:
    """While a write waits, before or after its effect, the other process does all of it: one of everything is left."""
    first, second = tried_again(gitlab_ground, 1)
    assert overtaken(first, second, gitlab, "1", Fault(when, method=method, path=path, times=1))
    gitlab_ground.check_published("1", second)


@pytest.mark.long
@pytest.mark.parametrize("when", ["hold-before", "hold-after"])
def test_no_request_that_waits_makes_anything_twice(
    gitlab_ground: Ground, gitlab: GitLabWorld, when: When
) -> None:
    """The same at every single request, reads as well."""
    first, second = tried_again(gitlab_ground, REQUESTS)
    for number in range(REQUESTS):
        ticket_id = str(number + 1)
        if not overtaken(first, second, gitlab, ticket_id, Fault(when, skip=number, times=1)):
            assert number > FEWEST
            return
        gitlab_ground.check_published(ticket_id, second)
    pytest.fail("there are more requests than tickets to try them with")
