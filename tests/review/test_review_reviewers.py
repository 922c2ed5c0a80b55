"""One named reviewer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory.config import Config, CustomRule, Identity, SensitiveArea
from ci_factory.model.forge import Approval
from ci_factory.model.review_settings import ReviewConfig
from ci_factory.review.desks import Desks
from ci_factory.review.reviewers import Choice, choose, moved
from ci_factory.review.subject import ReviewSubject

Subject = Callable[..., ReviewSubject]
NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
FILES = ("src/a.py", "src/b.py", "docs/c.md")


def pick(change: ReviewSubject, config: Config | None = None, **load: int) -> Choice:
    """The choice when `load` items of five minutes wait for people already."""
    config = config or Config(review=ReviewConfig(reviewers=("ann",)))
    desks = Desks(config, NOW)
    for name, items in load.items():
        for _ in range(items):
            desks.assign(name, 5)
    return choose(change, desks, config)


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


def configured(text: str) -> Config:
    """By these review settings; reviewers of `src/` and of `docs/` are required."""
    areas = (
        "[{paths: [src/], reviewers: [sam, sue]}, {paths: [docs/], category: data, reviewers: [dot, sue]}]"
    )
    return configuration.parse(f"sensitive: {areas}\nreview: {{{text}}}")


def test_every_touched_area_needs_one_of_its_own(subject: Subject) -> None:
    """Who covers most is named; what is left over is also needed, each with the area."""
    choice = pick(subject(files=FILES), configured(""))
    assert (choice.reviewer, choice.also_needed) == ("sue", ())
    assert "required for security area src/ and data area docs/" in choice.reason
    choice = pick(subject(files=FILES), configured(""), sue=5)
    assert choice.reviewer == "dot"
    assert [(each.name, each.reason) for each in choice.also_needed] == [
        ("sam", "required for security area src/")
    ]


def test_an_approval_meets_what_an_area_needs(subject: Subject) -> None:
    """Once one of its reviewers approved, nobody else is asked for it."""
    given = Approval(user="Sam", head="a" * 40, at=NOW)
    choice = pick(subject(files=FILES, approvals=(given,)), configured(""), sue=5)
    assert (choice.reviewer, choice.also_needed) == ("dot", ())


def test_a_required_reviewer_is_named_beyond_the_limit_and_it_is_said(subject: Subject) -> None:
    """Nobody else may; somebody required who has room comes first."""
    config = configured("max_open: 1")
    choice = pick(subject(files=("src/a.py",)), config, sam=1, sue=1)
    assert choice.reviewer == "sam"
    assert "over their limit of 1, as nobody else may" in choice.reason
    assert pick(subject(files=("src/a.py",)), config, sam=1).reviewer == "sue"


def test_an_area_whose_reviewers_are_all_away_is_said(subject: Subject) -> None:
    """Somebody else reads the change meanwhile, and the area stays open."""
    config = configured(
        "reviewers: [ann], people: {sam: {absent: [2026-03-01..2026-03-09]}, sue: {absent: [2026-03-03]}}"
    )
    choice = pick(subject(files=("src/a.py",)), config)
    assert choice.reviewer == "ann"
    (needed,) = choice.also_needed
    assert needed.name is None
    assert "sam absent, back 2026-03-10" in needed.reason
    assert "sue absent, back 2026-03-04" in needed.reason


def test_nobody_left_is_told_apart_from_nobody_known(subject: Subject) -> None:
    """With who was passed over and why, and what to do."""
    config = configured("reviewers: [ann, ben, cat], max_open: 1, people: {ben: {absent: [2026-03-03]}}")
    desks = Desks(config, NOW, strangers={"cat"})
    desks.assign("ann", 5)
    choice = choose(subject(files=("web/a",)), desks, config)
    assert choice.reviewer is None
    assert (
        "ann: 1 open, limit 1; ben: absent, back 2026-03-04; cat: no member of the project" in choice.reason
    )
    assert "raise `review.max_open`" in choice.reason


def test_a_limit_is_for_merge_requests_not_for_questions(subject: Subject) -> None:
    """Whoever has all they may get can still answer."""
    config = configured("reviewers: [ann], max_open: 0")
    assert pick(subject(files=("web/a",), merge_request=None), config).reviewer == "ann"
    assert pick(subject(files=("web/a",)), config).reviewer is None


@pytest.mark.parametrize(
    ("absent", "hours_left", "reviewer"),
    [
        ("2026-03-03", 30, "ben"),
        ("2026-03-03", 3, "ann"),
        ("2026-03-03..9999-01-01", 9000, "ann"),
        ("2026-03-05", 3, "ben"),
    ],
)
def test_whom_the_forge_names_stays_unless_away_beyond_the_limit(
    subject: Subject, absent: str, hours_left: int, reviewer: str
) -> None:
    """Back in time, or absent later only, is no reason to change."""
    config = configured(f"reviewers: [ann, ben], people: {{ben: {{absent: ['{absent}']}}}}")
    change, desks = subject(files=("web/a",), reviewer="ben"), Desks(config, NOW)
    why = moved(change, desks, NOW + timedelta(hours=hours_left))
    choice = choose(change, desks, config, why)
    assert choice.reviewer == reviewer
    assert ("was ben's" in choice.reason) is (reviewer == "ann")


def test_somebody_else_is_named_at_request(subject: Subject) -> None:
    """The reason says so; with nobody else the same one stays, and that is said too."""
    config = configured("reviewers: [ann, ben]")
    change, desks = subject(files=("web/a",), reviewer="ann", reassign=True), Desks(config, NOW)
    choice = choose(change, desks, config, moved(change, desks, NOW))
    assert choice.reviewer == "ben"
    assert "somebody else than ann was asked for" in choice.reason
    alone = configured("reviewers: [ann]")
    choice = choose(change, Desks(alone, NOW), alone, moved(change, desks, NOW))
    assert choice.reviewer == "ann"
    assert "until then ann stays" in choice.reason


def test_a_group_is_its_configured_members(subject: Subject) -> None:
    """In CODEOWNERS as among required reviewers; a group that is not listed is nobody."""
    config = configured("reviewers: [ann], groups: {Shop/Backend: ['@eve', ben]}")
    owners = {"web/a": ("@shop/backend",), "web/b": ("@shop/other",)}
    assert pick(subject(files=("web/a",), owners=owners), config, ben=2).reviewer == "eve"
    assert pick(subject(files=("web/b",), owners=owners), config).reviewer == "ann"


def test_an_author_whom_the_forge_names_is_replaced(subject: Subject) -> None:
    """Nobody reviews their own change, whoever named them."""
    config = configured("reviewers: [ann]")
    change, desks = subject(files=("web/a",), reviewer="Factory"), Desks(config, NOW)
    choice = choose(change, desks, config, moved(change, desks, NOW))
    assert choice.reviewer == "ann"


def test_an_area_of_a_group_that_nobody_listed_stays_open(subject: Subject) -> None:
    """It is said, with the setting that is missing; it is not taken for an area that needs nobody."""
    area = "sensitive: [{paths: [src/], reviewers: ['@shop/security']}]\nreview: {reviewers: [ann]}"
    choice = pick(subject(files=FILES), configuration.parse(area))
    assert choice.reviewer == "ann"
    (needed,) = choice.also_needed
    assert needed.name is None
    assert "nobody of @shop/security is known, add members to `review.groups`" in needed.reason
