"""One named reviewer."""

from collections.abc import Callable
from typing import Any

import pytest

from ci_factory.config import Config, CustomRule, Identity, ReviewConfig, SensitiveArea
from ci_factory.review.reviewers import Choice, Desk, choose
from ci_factory.review.subject import ReviewSubject

Subject = Callable[..., ReviewSubject]
FILES = ("src/a.py", "src/b.py", "docs/c.md")


def pick(change: ReviewSubject, config: Config | None = None, **load: int) -> Choice:
    """The choice when `load` items of five minutes wait for people already."""
    desk = Desk()
    for name, items in load.items():
        for _ in range(items):
            desk.assign(name, 5)
    return choose(change, desk, config or Config(review=ReviewConfig(reviewers=("ann",))))


def test_who_owns_most_files_reviews(subject: Subject) -> None:
    """CODEOWNERS, weighted by files, before anything weaker."""
    owners = {"src/a.py": ("@ben",), "src/b.py": ("@ben",), "docs/c.md": ("@cat",)}
    choice = pick(subject(files=FILES, owners=owners, recent_authors={"src/a.py": ("dan",)}))
    assert choice.reviewer == "ben"
    assert "owns 2 of 3 files" in choice.reason


def test_load_shifts_the_choice(subject: Subject) -> None:
    """Two files with much to do lose against one file with nothing to do."""
    owners = {"src/a.py": ("@ben",), "src/b.py": ("@ben",), "docs/c.md": ("@cat",)}
    assert pick(subject(files=FILES, owners=owners), ben=2).reviewer == "cat"


def test_without_owners_recent_authors_review(subject: Subject) -> None:
    """The newest author of most files."""
    authors = {"src/a.py": ("eve", "dan"), "src/b.py": ("dan", "eve"), "docs/c.md": ("eve",)}
    choice = pick(subject(files=FILES, recent_authors=authors))
    assert choice.reviewer == "eve"
    assert "recently" in choice.reason


def test_else_the_configured_reviewers(subject: Subject) -> None:
    """They review what nobody owns."""
    assert pick(subject()).reviewer == "ann"


@pytest.mark.parametrize(
    "config",
    [
        Config(sensitive=(SensitiveArea(paths=("src/",), reviewers=("sec",)),)),
        Config(rules=(CustomRule(paths=("*.py",), action="require_review", reviewers=("@sec",)),)),
    ],
)
def test_required_reviewers_come_first(subject: Subject, config: Config) -> None:
    """Sensitive areas and rules outweigh ownership."""
    choice = pick(subject(files=FILES, owners=dict.fromkeys(FILES, ("@ben",))), config)
    assert choice.reviewer == "sec"
    assert "required" in choice.reason


def test_rules_that_do_not_ask_for_a_review_do_not_count(subject: Subject) -> None:
    """A warning names nobody."""
    rule = CustomRule(paths=("*.py",), action="warn", reviewers=("sec",))
    assert pick(subject(files=FILES), Config(rules=(rule,))).reviewer is None


@pytest.mark.parametrize("name", ["factory", "Factory", "renovate[bot]", "ci-bot", "Line"])
def test_authors_and_bots_never_review(subject: Subject, name: str) -> None:
    """Not even when they own every file."""
    config = Config(identity=Identity(name="line"), review=ReviewConfig(reviewers=("ann",)))
    assert pick(subject(owners={"src/cart.py": (f"@{name}",)}), config).reviewer == "ann"


@pytest.mark.parametrize("owner", ["@group/team", "@@maintainer"])
def test_groups_and_roles_are_not_one_person(subject: Subject, owner: str) -> None:
    """The next kind of ownership is asked."""
    assert pick(subject(owners={"src/cart.py": (owner,)})).reviewer == "ann"


def test_nobody_is_said_with_the_fix(subject: Subject) -> None:
    """The reason says where to add one."""
    choice = pick(subject(), Config())
    assert choice.reviewer is None
    assert "review.reviewers" in choice.reason


def test_equals_go_by_name(subject: Subject) -> None:
    """Always the same answer."""
    values: dict[str, Any] = {"owners": {"src/cart.py": ("@zoe", "@amy")}}
    assert {pick(subject(**values)).reviewer for _ in range(3)} == {"amy"}
