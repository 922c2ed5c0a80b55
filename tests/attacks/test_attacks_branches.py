"""Names of tickets that would become options, protected branches or paths."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.stage import Stage
from tests.attacks.table import variants

Seen = Callable[[str], None]
MakeLine = Callable[..., Any]


@pytest.mark.attack(row=20, defence="names are derived")
@variants(
    "title",
    {
        "a title that is a protected branch": "refs/heads/main",
        "a title that climbs": "../../../main",
        "a title that is an option": "--force --upload-pack=touch x -D main",
        "a title that git reads as a revision": "@{-1} HEAD~1 main^{tree} :/fix a..b",
        "a title that no branch can have": "x.lock/.y//z\\ ~^:?*[\x7f",
        "a title of nothing": "\u200b\u3164 \u2028",
        "a title that ends in a lock": "main.lock",
    },
    quick=2,
)
def test_a_branch_is_made_of_id_and_plain_words(stage: Stage, title: str, seen: Seen) -> None:
    """Whatever a ticket is called, its branch is one of the factory's own, and no other ref moves."""
    main = stage.forge.branch("main")
    offer = stage.offer(ticket={"title": title})
    assert stage.publish(offer).outcome == "merge-request"
    (request,) = stage.merge_requests(offer)
    slug = request.source_branch.removeprefix(f"factory/{offer.planned.id}-")
    assert slug.replace("-", "").isalnum()
    assert slug.isascii()
    assert stage.forge.branch("main") == main
    seen(
        "the branch is `factory/`, the ticket's number and ASCII words; the default branch stands where it stood"
    )


@pytest.mark.attack(row=20, defence="refused")
@variants(
    "number",
    {
        "an id that is an option": "--upload-pack=touch trapped",
        "an id that climbs": "../../main",
        "an id with a newline": "1\nmain",
        "an id that is a revision": "@{-1}",
        "an id with a space": "1 --force",
    },
    quick=1,
)
def test_an_id_that_is_no_name_is_refused(make_line: MakeLine, number: str, seen: Seen) -> None:
    """Before any agent starts, such an id is an error of the tickets."""
    line = make_line([{"id": number, "title": "Add value", "files": ["shop/modx.py"]}])
    main = (line.repo / ".git/refs/heads/main").read_text()
    ran = line.run()
    branches = [each.name for each in (line.repo / ".git/refs/heads").rglob("*")]
    assert branches == ["main"]
    assert ran.code == 2, ran.err  # an error of usage
    assert line.worked() == []
    assert not (line.repo / "trapped").exists()
    assert (line.repo / ".git/refs/heads/main").read_text() == main
    seen("an error of usage; no agent was started, no branch was made")


@pytest.mark.attack(row=20, variant="a branch that is the target of all changes", defence="refused")
def test_the_target_is_no_branch_of_a_ticket(stage: Stage, seen: Seen) -> None:
    """A project whose target branch has the name that a ticket would get keeps it: the change goes to people."""
    stage.world.target = "main"
    name = "factory/12-change-12"
    head = stage.world.git.resolve("main")
    stage.world.git.update_ref(f"refs/heads/{name}", head, None)
    if stage.forge.branch(name) is None:  # a server of its own has it too
        stage.world.as_user("tess").push(name, head, expected=None)
    next(stage.numbers)
    stage.world.target = name
    offer = stage.offer(ticket={"title": "Change 12"})
    assert offer.branch == name
    assert stage.publish(offer).outcome in {"escalated", "deferred"}
    assert stage.forge.branch(name) == head
    assert stage.forge.merge_requests(state=None) == []
    seen("the branch stands where it stood; no merge request; the ticket is told")
