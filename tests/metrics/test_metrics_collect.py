"""Facts from a real embedded forge and real artifact files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import Config
from ci_factory.forge.local import LocalForge
from ci_factory.metrics.collect import collect, top_folders, total_usage
from ci_factory.metrics.facts import History, MergeRequestFact
from ci_factory.model import block
from ci_factory.model.attempt import AgentRun, Attempt, DiffStat, Ending, Escalation, Option, Trigger, Usage
from ci_factory.model.batch import Batch, LeftOut, Limits, PlannedTicket
from ci_factory.model.event import Event
from ci_factory.model.forge import (
    ForgeEventKind,
    MergeRequestSpec,
    MergeRequestState,
    NoteTarget,
    Publication,
)
from ci_factory.model.gate import (
    Component,
    ComponentScore,
    GateReport,
    GateResult,
    GateStatus,
    Score,
    Verdict,
)
from ci_factory.model.ticket import Candidate, Estimate, Priority, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.system import records
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from ci_factory.system.layout import BatchFolder, Layout, TicketFolder

START = datetime(2026, 11, 1, 18, 0, tzinfo=UTC)
TREE, BASE, HEAD = "a" * 40, "b" * 40, "c" * 40
CONFIG = Config()
BATCH = "20261101-180000"


def ticket(name: str, **known: Any) -> Ticket:
    return Ticket(id=name, title=f"Do {name}", labels=(CONFIG.labels.ready,), **known)


def planned(name: str, order: int) -> PlannedTicket:
    candidate = Candidate(
        ticket=ticket(name),
        readiness=Readiness(ready=True),
        estimate=Estimate(complexity=Size.SMALL, files=("src/app/x.py",)),
        risk=Risk(level=RiskLevel.LOW),
    )
    return PlannedTicket(
        candidate=candidate, size=Size.SMALL, agent="otter", lane=order, order=order, reason="in"
    )


def attempt(name: str, **known: Any) -> Attempt:
    runs = [
        AgentRun(attempt=a, iteration=i, agent="otter", phase="implement", ended="ok", seconds=20)
        for a, i in ((1, 1), (1, 2), (2, 1))
    ]
    return Attempt.model_validate(
        {
            "ticket_id": name, "batch_id": BATCH, "agent": "otter", "model": "m-1", "ending": Ending.COMPLETED,
            "started_at": START, "finished_at": START + timedelta(minutes=10), "reason": "Done.",
            "planned_size": Size.SMALL, "base": BASE, "head": HEAD, "tree": TREE, "runs": runs,
            "diff": DiffStat(files=("src/pkg/deep/a.py", "README.md"), added=3, removed=1),
            "usage": Usage(cost_usd=0.5), **known,
        }
    )  # fmt: skip


def report(status: GateStatus = GateStatus.PASS) -> GateReport:
    gate = GateResult(gate="tests", component=Component.TESTS, status=status, summary="12 pass", seconds=4)
    return GateReport(
        tree=TREE, base=BASE, head=HEAD, config_hash="x", changed_files=("README.md",), added_lines=3,
        removed_lines=1, gates=(gate,),
    )  # fmt: skip


def score(points: float = 90) -> Score:
    part = ComponentScore(score=points, weight=1, status=GateStatus.PASS)
    return Score(
        score=points, verdict=Verdict.PASS, threshold=80, tree=TREE, base=BASE, head=HEAD, config_hash="x",
        components={Component.TESTS: part},
    )  # fmt: skip


def told(name: str, **known: Any) -> str:
    """A note as the publisher writes it."""
    data = {"ticket": name, "batch": BATCH, "agent": "otter", "size": "small", "risk": "low", "added": 3, "removed": 1,
            "files": 2, "gates": {"tests": "pass"}, **score().model_dump(mode="json", exclude={"reasons"}), **known}  # fmt: skip
    return f"## Passed\n\n{block.write('score', data)}"


@dataclass
class Place:
    """A repository with its forge, and an output folder."""

    forge: LocalForge
    clock: ManualClock
    layout: Layout
    push: Callable[[str], str]

    @property
    def batch(self) -> BatchFolder:
        return self.layout.batch(BATCH)

    def folder(self, name: str) -> TicketFolder:
        return self.batch.ticket(name)

    def plan(self, *names: str, left_out: tuple[LeftOut, ...] = ()) -> None:
        tickets = tuple(planned(name, order) for order, name in enumerate(names))
        batch = Batch(
            id=BATCH, created_at=START, project="p", target_branch="main", base=BASE, limits=Limits(parallel=2),
            config_hash="x", tickets=tickets, left_out=left_out,
        )  # fmt: skip
        records.write_model(self.batch.batch, batch)

    def open(self, name: str, note: str | None = None, *, draft: bool = False) -> int:
        """A branch, a merge request and its note, as the publisher makes them."""
        branch = f"factory/{name}"
        self.forge.push(branch, self.push(name), expected=None)
        spec = MergeRequestSpec(
            ticket_id=name, source_branch=branch, target_branch="main", title=f"feat: {name}", description="d",
            draft=draft,
        )  # fmt: skip
        iid = self.forge.ensure_merge_request(spec).iid
        self.forge.ensure_note(NoteTarget.MERGE_REQUEST, str(iid), "score", note or told(name))
        return iid

    def collect(self) -> History:
        return collect(self.forge, self.layout, CONFIG)


@pytest.fixture
def place(
    new_repo: Callable[..., Path], tmp_path: Path, git: Callable[..., str], commit: Callable[..., str]
) -> Place:
    folder = new_repo({"README.md": "hello\n"})
    git(folder, "checkout", "--quiet", "--detach")
    clock = ManualClock(START - timedelta(hours=1))
    forge = LocalForge.open(Git.open(folder), user="ci-factory", clock=clock, default_branch="main")
    forge.import_tickets([ticket("A"), ticket("B"), ticket("C")])
    clock.sleep(3600)

    def push(name: str) -> str:
        git(folder, "checkout", "--quiet", "--detach", "main")
        return commit(folder, {f"{name}.txt": name}, name)

    return Place(forge, clock, Layout(tmp_path / "out"), push)


def only(history: History) -> MergeRequestFact:
    (fact,) = history.merge_requests
    return fact


def test_nothing_is_no_error(place: Place) -> None:
    """Without an output folder there still are the forge's tickets, with everything else unknown."""
    history = place.collect()
    assert [(t.id, t.state, t.batch, t.attempts, t.usage.cost_usd) for t in history.tickets] == [
        (name, "ready", None, None, None) for name in "ABC"
    ]
    assert history.tickets[0].ready_at == START - timedelta(hours=1)
    assert (history.batches, history.unreadable) == ((), ())


def test_a_published_ticket_is_told_whole(place: Place) -> None:
    """Forge and artifacts together give the ticket, its attempt, its gates and its merge request."""
    place.plan("A")
    records.write_model(place.folder("A").attempt, attempt("A"))
    records.write_model(place.folder("A").gate, report())
    records.write_model(place.folder("A").score, score())
    place.clock.sleep(600)
    iid = place.open("A")
    publication = Publication(ticket_id="A", batch_id=BATCH, outcome="merge-request", merge_request=iid)
    records.write_model(place.folder("A").publication, publication)
    place.forge.change_labels("A", add=[CONFIG.labels.state("review")], remove=[CONFIG.labels.ready])
    history = place.collect()
    fact = history.tickets[0]
    assert (fact.state, fact.area, fact.attempts, fact.iterations, fact.agent_seconds) == (
        "review", (".", "src/pkg"), 2, 3, 60,
    )  # fmt: skip
    assert fact.first_mr_at == START + timedelta(minutes=10)
    assert (history.attempts[0].score, history.attempts[0].merge_request, history.attempts[0].lane) == (
        90,
        iid,
        0,
    )
    assert [(g.gate, g.status, g.seconds) for g in history.gates] == [("tests", GateStatus.PASS, 4)]
    request = only(history)
    assert (request.score, request.verdict, request.size, request.risk) == (
        90,
        Verdict.PASS,
        Size.SMALL,
        RiskLevel.LOW,
    )
    assert (request.state, request.ready_at, request.batch) == (
        MergeRequestState.OPENED,
        request.created_at,
        BATCH,
    )


def test_collecting_again_gives_the_same(place: Place) -> None:
    """Two collections of the same state are equal, byte for byte."""
    place.plan("A")
    records.write_model(place.folder("A").attempt, attempt("A"))
    place.open("A")
    assert place.collect().model_dump_json() == place.collect().model_dump_json()


def test_a_review_is_seen_with_its_times(place: Place) -> None:
    """Approval and merge by a person have their moments, and the ticket is closed."""
    iid = place.open("A")
    person = place.forge.as_user("ada")
    place.clock.sleep(60)
    head = person.approve(iid).head
    place.clock.sleep(60)
    person.merge(iid, head=head)
    fact, history = only(place.collect()), place.collect()
    assert (fact.state, fact.reworked) == (MergeRequestState.MERGED, False)
    assert fact.reviewed_at == fact.approved_at == START + timedelta(seconds=60)
    assert fact.merged_at == START + timedelta(seconds=120)
    assert (history.tickets[0].state, history.tickets[0].opened) == ("merged", False)
    assert history.tickets[0].closed_at == fact.merged_at


def test_a_push_after_review_is_rework(place: Place) -> None:
    """A new version counts as rework only when a person had looked before."""
    iid = place.open("A")
    place.clock.sleep(60)
    place.forge.push("factory/A", place.push("A2"), expected=place.forge.branch("factory/A"))
    assert not only(place.collect()).reworked
    place.clock.sleep(60)
    place.forge.as_user("ada").request_changes(iid, "Please name it better.")
    place.clock.sleep(60)
    place.forge.push("factory/A", place.push("A3"), expected=place.forge.branch("factory/A"))
    assert only(place.collect()).reworked


def test_ready_counts_from_the_first_time(place: Place) -> None:
    """A draft is not waiting for people; its clock starts when it becomes ready."""
    iid = place.open("A", draft=True)
    assert only(place.collect()).ready_at is None
    place.clock.sleep(300)
    spec = MergeRequestSpec.model_validate(
        {name: getattr(place.forge.merge_request(iid), name) for name in MergeRequestSpec.model_fields}
        | {"draft": False}
    )
    place.forge.ensure_merge_request(spec)
    assert only(place.collect()).ready_at == START + timedelta(seconds=300)
    assert ForgeEventKind.READY in {event.kind for event in place.forge.events()}


def test_a_forged_score_is_not_believed(place: Place) -> None:
    """A note by somebody else never sets a score, whatever it carries."""
    iid = place.open("A")
    place.forge.as_user("mallory").add_note(
        NoteTarget.MERGE_REQUEST, str(iid), told("A", score=100, verdict="pass")
    )
    assert only(place.collect()).score == 90


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"score": 1000}, "score"),
        ({"score": float("nan")}, ""),
        ({"verdict": "splendid"}, "verdict"),
        ({"ticket": "B"}, "another ticket"),
        ({"added": -5}, "added"),
        ({"gates": {"tests": "great"}}, "gates"),
    ],
)
def test_a_damaged_score_is_unknown(place: Place, change: dict[str, Any], problem: str) -> None:
    """A score note that says nonsense leaves the score unknown, and is named."""
    place.open("A", told("A", **change))
    history = place.collect()
    assert (only(history).score, only(history).verdict) == (None, None)
    (line,) = history.unreadable
    assert problem in line


def test_others_merge_requests_are_not_ours(place: Place) -> None:
    """A merge request by a person is none of the factory's."""
    place.forge.push("feature", place.push("B"), expected=None)
    spec = MergeRequestSpec(
        ticket_id="B",
        source_branch="feature",
        target_branch="main",
        title="by hand",
        description="",
        draft=False,
    )
    place.forge.as_user("ada").ensure_merge_request(spec)
    assert place.collect().merge_requests == ()


def test_missing_artifacts_are_unknown_not_zero(place: Place) -> None:
    """A planned ticket without artifacts has no attempt, no cost and no gate, and nothing crashes."""
    place.plan("A", "B")
    records.write_model(place.folder("B").attempt, attempt("B", usage=Usage()))
    history = place.collect()
    known = {t.id: (t.batch, t.ending, t.attempts, t.usage.cost_usd) for t in history.tickets}
    assert known["A"] == (BATCH, None, None, None)
    assert known["B"] == (BATCH, Ending.COMPLETED, 2, None)
    assert (history.gates, history.attempts[0].verdict, history.unreadable) == ((), None, ())


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"schema_version": 2}', b"\xff\xfe", b'{"ticket_id": "A"}', b"null"],
)
def test_damaged_artifacts_are_named_and_left_out(place: Place, damage: bytes) -> None:
    """A torn, foreign or binary artifact is left out by name; the others still count."""
    place.plan("A", "B")
    for name in ("attempt.json", "gate.json", "score.json", "publication.json"):
        records.write_bytes(place.folder("A").path / name, damage)
    records.write_model(place.folder("B").attempt, attempt("B"))
    history = place.collect()
    assert [a.ticket for a in history.attempts] == ["B"]
    assert [line.split(":")[0].rsplit("/", 1)[1] for line in history.unreadable] == [
        "attempt.json", "gate.json", "score.json", "publication.json",
    ]  # fmt: skip


def test_a_damaged_batch_does_not_hide_the_others(place: Place) -> None:
    """One unreadable plan is named, and the other nights are still there."""
    place.plan("A")
    records.write_text(place.layout.batch("20261031-180000").batch, "{")
    history = place.collect()
    assert [batch.id for batch in history.batches] == [BATCH]
    assert "20261031-180000/batch.json" in history.unreadable[0]


@pytest.mark.parametrize("swap", [{"ticket_id": "B"}, {"batch_id": "other"}])
def test_anothers_attempt_is_not_believed(place: Place, swap: dict[str, str]) -> None:
    """An attempt of another ticket or batch, replayed into this folder, does not count."""
    place.plan("A")
    records.write_model(place.folder("A").attempt, attempt("A").model_copy(update=swap))
    history = place.collect()
    assert history.attempts == ()
    assert "belongs to another" in history.unreadable[0]


def test_a_verdict_on_another_tree_is_not_believed(place: Place) -> None:
    """Gates and score that judged another tree than the attempt's do not count."""
    place.plan("A")
    records.write_model(place.folder("A").attempt, attempt("A", tree="d" * 40))
    records.write_model(place.folder("A").gate, report())
    records.write_model(place.folder("A").score, score())
    history = place.collect()
    assert (history.gates, history.attempts[0].score) == ((), None)
    assert len(history.unreadable) == 2


def test_gates_are_rebuilt_from_the_note(place: Place) -> None:
    """With the artifacts lost, what gates said comes from our note on the merge request."""
    place.open("A", told("A", gates={"tests": "pass", "types": "inconclusive"}))
    facts = place.collect().gates
    assert [(f.gate, f.status, f.seconds) for f in facts] == [
        ("tests", GateStatus.PASS, None),
        ("types", GateStatus.INCONCLUSIVE, None),
    ]


def test_the_night_lasts_as_long_as_its_events(place: Place) -> None:
    """A batch began and ended with its own events of the night, once each; a torn line is passed over."""
    place.plan("A")
    log = records.EventLog(place.layout.events)
    for minutes, stage, batch in (
        (-30, "plan", BATCH),
        (1, "work", BATCH),
        (50, "publish", BATCH),
        (99, "work", "x"),
    ):
        at = START + timedelta(minutes=minutes)
        log.append(Event(key=f"{batch}/{minutes}", at=at, stage=stage, kind="k", batch_id=batch))
    with place.layout.events.open("a", encoding="utf-8") as stream:
        stream.write('{"torn')
    (night,) = place.collect().batches
    assert (night.started_at, night.ended_at) == (START + timedelta(minutes=1), START + timedelta(minutes=50))


def test_an_escalation_waits_until_it_is_answered(place: Place) -> None:
    """A question is open while the ticket stands escalated, and no longer when it went back to the queue."""
    place.plan("A", left_out=(LeftOut(ticket_id="B", state="needs-info", reason="no criteria"),))
    asked = Escalation(
        ticket_id="A", agent="otter", trigger=Trigger.DATA, summary="Which?", why="Both do.",
        blocking_factor="retention", options=(Option(title="one"), Option(title="two")), recommendation="one",
        priority=Priority.HIGH, raised_at=START,
    )  # fmt: skip
    records.write_model(place.folder("A").attempt, attempt("A", ending=Ending.ESCALATED, escalation=asked))
    place.forge.change_labels("A", add=[CONFIG.labels.state("escalated")])
    (open_question,) = place.collect().escalations
    place.forge.change_labels("A", remove=[CONFIG.labels.state("escalated")])
    (answered,) = place.collect().escalations
    assert (open_question.waiting, answered.waiting) == (True, False)
    assert [option.title for option in open_question.options] == ["one", "two"]


def test_cost_over_nights_adds_up_or_is_unknown() -> None:
    """A sum is known when every part is, field by field; no part at all is unknown too."""
    one, two = Usage(input_tokens=10, cost_usd=0.1), Usage(input_tokens=5)
    assert total_usage([one, two]) == Usage(input_tokens=15)
    assert total_usage([one, one]).cost_usd == pytest.approx(0.2)
    assert total_usage([]) == Usage()


def test_areas_are_the_top_folders() -> None:
    """An area is at most two folders deep, that of most files comes first; files in the root have one of their own."""
    assert top_folders(["x.py", "src/a/b/c.py", "src/a/d.py", "tests/t.py"]) == ("src/a", ".", "tests")


def test_one_state_counts() -> None:
    """A ticket has one state even when somebody added a second label by hand, and none when no label says one."""
    names = CONFIG.labels
    assert names.state_of([names.state("queued"), names.state("review")]) == "review"
    assert names.state_of([names.ready]) == "ready"
    assert names.state_of(["bug"]) is None
