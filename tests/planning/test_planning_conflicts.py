"""What tickets claim, which of them may meet in a file, and what hot files have to do with it."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.model.batch import Batch
from ci_factory.model.hot import hot
from ci_factory.model.meetings import CROWD, LEAST, conflict_graph
from ci_factory.model.planning_settings import HotFiles, PlanningConfig
from ci_factory.model.prediction import TouchedFile
from ci_factory.model.ticket import Candidate
from ci_factory.planning import conflicts

Queue = Callable[..., Candidate]
Plan = Callable[..., Batch]
TICKETS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e"]),
    st.dictionaries(st.sampled_from(["x.py", "y.py", "z.py", "CHANGELOG.md"]), st.floats(0, 0.99)),
)


def touching(candidate: Candidate, touched: Mapping[str, float], hot_files: Sequence[str] = ()) -> Candidate:
    """The candidate with a prediction."""
    files = tuple(TouchedFile(path=path, probability=p) for path, p in touched.items())
    estimate = candidate.estimate.model_copy(update={"touched": files, "hot": tuple(hot_files)})
    return candidate.model_copy(update={"estimate": estimate})


def texts(candidate: Candidate, **config: Any) -> list[str]:
    """What a ticket claims."""
    return [pattern.text for pattern in conflicts.claims(candidate, PlanningConfig(**config))]


def test_a_ticket_claims_what_it_names_and_what_is_probable(candidate: Queue) -> None:
    """Beside its own files those at or above the configured probability."""
    ticket = touching(candidate("a", files=("src/a.py",)), {"src/b.py": 0.5, "src/c.py": 0.49})
    assert texts(ticket) == ["src/a.py", "src/b.py"]
    assert texts(ticket, claim_probability=0.4) == ["src/a.py", "src/b.py", "src/c.py"]


@pytest.mark.parametrize(
    ("path", "is_hot"),
    [
        ("CHANGELOG.md", True),
        ("lib/CHANGES", True),
        ("uv.lock", True),
        ("app/package-lock.json", True),
        ("src/app/_version.py", True),
        ("src/changes.py", False),
        ("src/lock.py", False),
        ("docs/changelog/entry.md", False),
    ],
)
def test_changelogs_version_and_lock_files_are_hot(candidate: Queue, path: str, is_hot: bool) -> None:
    """The default patterns, in any folder."""
    estimate = candidate("a").estimate
    assert hot([path], estimate, HotFiles()) == ((path,) if is_hot else ())


def test_own_patterns_replace_the_default_ones(candidate: Queue) -> None:
    """A folder and a path from the root can be named as well."""
    own = HotFiles(patterns=("gen/", "/api/schema.json"))
    files = ["gen/a/b.py", "api/schema.json", "CHANGELOG.md", "x/api/schema.json"]
    assert hot(files, candidate("a").estimate, own) == ("gen/a/b.py", "api/schema.json")


def test_sharing_a_hot_file_is_no_overlap_and_is_said(candidate: Queue, plan: Plan) -> None:
    """Both start on the target branch, and the reason names the file."""
    batch = plan(*(candidate(name, files=("CHANGELOG.md", f"src/{name}.py")) for name in "ab"))
    assert [ticket.stacked_on for ticket in batch.tickets] == [None, None]
    assert "`CHANGELOG.md` is no overlap" in batch.tickets[0].reason


def test_a_ticket_with_hot_files_only_is_not_said_to_have_unknown_ones(candidate: Queue, plan: Plan) -> None:
    """Its files are known, they just do not count."""
    (ticket,) = plan(candidate("a", files=("CHANGELOG.md",))).tickets
    assert "unknown" not in ticket.reason


def test_hot_files_overlap_when_the_policy_counts_them(candidate: Queue) -> None:
    """`count` treats them as any other file."""
    ticket = candidate("a", files=("CHANGELOG.md",))
    assert texts(ticket) == []
    assert texts(ticket, hot_files=HotFiles(policy="count")) == ["CHANGELOG.md"]


def test_what_intake_measured_as_hot_does_not_count_either(candidate: Queue) -> None:
    """A file of most commits, whatever its name."""
    ticket = touching(candidate("a", files=("src/app.py", "src/b.py")), {}, hot_files=["src/app.py"])
    assert texts(ticket) == ["src/b.py"]


def test_a_hot_file_of_an_open_merge_request_defers_nobody(candidate: Queue, plan: Plan) -> None:
    """Even when a pattern of the ticket matches it."""
    batch = plan(
        candidate("a", files=("*.md",)), overlap="defer", in_flight={"z": ("CHANGELOG.md", "src/z.py")}
    )
    assert [ticket.id for ticket in batch.tickets] == ["a"]


def test_tickets_that_share_a_lock_file_run_at_the_same_time_under_lock(candidate: Queue, plan: Plan) -> None:
    """The lock pattern leaves hot files alone too."""
    tickets = (candidate(name, files=("uv.lock", f"src/{name}.py")) for name in "ab")
    assert {ticket.lane for ticket in plan(*tickets, pattern="lock", overlap="ignore").tickets} == {0, 1}


def test_predicted_files_keep_tickets_apart(candidate: Queue, plan: Plan) -> None:
    """A file that neither ticket names, but both will touch, makes one the base of the other."""
    batch = plan(*(touching(candidate(name), {"src/common.py": 0.8}) for name in "ab"))
    assert [ticket.stacked_on for ticket in batch.tickets] == [None, "a"]


@settings(max_examples=100)
@given(TICKETS)
def test_the_graph_is_what_brute_force_says(tickets: dict[str, dict[str, float]]) -> None:
    """1 - product over common files of (1 - p q) for every pair, with the largest file named first."""
    expected = {}
    for one, other in itertools.combinations(sorted(tickets), 2):
        missed = 1.0
        for path in tickets[one].keys() & tickets[other].keys():
            missed *= 1 - tickets[one][path] * tickets[other][path]
        if 1 - missed >= LEAST:
            expected[one, other] = 1 - missed
    found = conflict_graph(tickets)
    assert {(pair.first, pair.second): pair.probability for pair in found.pairs} == pytest.approx(expected)
    assert [pair.probability for pair in found.pairs] == sorted(
        (pair.probability for pair in found.pairs), reverse=True
    )


@settings(max_examples=50)
@given(TICKETS, st.randoms())
def test_the_graph_knows_no_order(tickets: dict[str, dict[str, float]], chance: Any) -> None:
    """The same tickets in another order, and the same files in another, give the same graph."""
    names = list(tickets)
    chance.shuffle(names)
    turned = {name: dict(reversed(tickets[name].items())) for name in names}
    assert conflict_graph({name: turned[name] for name in names}) == conflict_graph(tickets)


def test_the_graph_leaves_out_hot_files(candidate: Queue) -> None:
    """By the same policy as the claims."""
    tickets = [touching(candidate(name), {"CHANGELOG.md": 0.9, "src/x.py": 0.5}) for name in "ab"]
    (pair,) = conflicts.graph(tickets).pairs
    assert (pair.files, pair.probability) == (("src/x.py",), 0.25)
    counting = PlanningConfig(hot_files=HotFiles(policy="count"))
    assert conflicts.graph(tickets, counting).pairs[0].files == ("CHANGELOG.md", "src/x.py")


def test_a_file_that_everybody_touches_is_told_once() -> None:
    """Instead of each two of very many tickets."""
    tickets = {f"t{number}": {"src/core.py": 0.5} for number in range(CROWD + 1)}
    found = conflict_graph(tickets)
    assert found.pairs == ()
    (crowd,) = found.crowds
    assert (crowd.path, crowd.tickets) == ("src/core.py", CROWD + 1)
    assert crowd.expected == pytest.approx((CROWD + 1) / 2)
