"""A project on a forge, and worked and judged changes as a batch leaves them on disk, for the real publish stage.

What an agent or a gate writes is hostile here: any text stands wherever a stranger can put one, and trees are made
below git's own checks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import Batch, Limits, PlannedTicket
from ci_factory.model.forge import MergeRequest, Note, NoteTarget, Publication
from ci_factory.model.gate import Finding, GateReport, GateStatus, Region, Score, Severity, Verdict
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.publishing import names
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow.factory import Factory, Silence
from ci_factory.workflow.night import publish_finished
from tests.forge.conftest import SOMEBODY, World
from tests.publishing.conftest import AGENT, FILE, Entry, plant

SETTINGS = """
review: {reviewers: [rita]}
forge: {rates: {notes_per_minute: null, issues_per_minute: null, requests_per_minute: null}}
"""
BYSTANDERS = ("1", "2")
"""Tickets that nobody works on: what an attack reaches beyond its own ticket shows there."""
CHANGE: Mapping[bytes, Entry | None] = {b"app.py": (FILE, b"x = 2\n")}
_MOMENTS = count(1)


@dataclass(frozen=True)
class Offer:
    """One change as it lies on disk before it is published."""

    batch: Batch
    planned: PlannedTicket
    attempt: Attempt
    report: GateReport
    score: Score

    @property
    def branch(self) -> str:
        """The branch that it is to be published on."""
        return names.branch(self.planned.candidate.ticket)


@dataclass
class Stage:
    """A project on one forge."""

    world: World
    root: Path
    words: "Words"
    config: Config = field(default_factory=lambda: configuration.parse(SETTINGS))
    numbers: "count[int]" = field(default_factory=lambda: count(11))

    def __post_init__(self) -> None:
        """Tickets of bystanders, and a repository for the work."""
        for name in BYSTANDERS:
            self.world.ticket(name, labels=("team::red",))
        self.factory().layout.prepare()
        self.hub.init_hub(self.world.git)

    @property
    def forge(self) -> Forge:
        """As the factory's user sees it."""
        return self.world.forge

    @property
    def hub(self) -> Git:
        """The repository that changes are made in."""
        return Git(self.root / "work.git")

    def factory(self) -> Factory:
        """The line, wired to the forge."""
        return Factory(
            git=self.world.git,
            forge=self.forge,
            layout=Layout(self.root / "out"),
            config=self.config,
            config_folder=self.root,
            agents=(),
            person=SOMEBODY,
            clock=self.world.clock,
            progress=Silence(),
            target=self.world.target,
        )

    def commit(self, changes: Mapping[bytes, Entry | None], base: str, message: str = "work") -> str:
        """A commit of an agent's own."""
        tree = plant(self.hub, self.hub.tree_of(base), changes)
        now = self.world.clock.now()
        return self.hub.commit_tree(
            tree, parents=(base,), message=message, author=AGENT, committer=AGENT, when=now
        )

    def offer(
        self,
        changes: Mapping[bytes, Entry | None] = CHANGE,
        *,
        text: str = "",
        head: str = "",
        verdict: Verdict = Verdict.PASS,
        ticket: Mapping[str, object] | None = None,
    ) -> Offer:
        """A ticket and its change on disk. `text` stands wherever a stranger's words go; `head` is a commit of the hub's."""
        base = self.world.git.resolve(f"refs/heads/{self.world.target}")
        head = head or self.commit(changes, base)
        commits = {"base": base, "head": head, "tree": self.hub.tree_of(head)}
        number = str(next(self.numbers))
        self.world.ticket(number, title=f"Change {number}", labels=("ready-for-agent",))
        planned = self._planned(
            {"id": number, "title": f"Change {number} {text}"[:255], **(ticket or {})}, text
        )
        batch = self._batch(planned, base)
        offer = self.words.offer(batch, planned, text, commits, verdict)
        self._write(offer)
        return offer

    def _planned(self, fields: Mapping[str, object], text: str) -> PlannedTicket:
        reasons = (f"touches much {text}",)
        candidate = Candidate(
            ticket=Ticket.model_validate(fields),
            readiness=Readiness(ready=True),
            estimate=Estimate(complexity=Size.SMALL, files=("app.py",)),
            risk=Risk(level=RiskLevel.LOW, reasons=reasons),
        )
        return PlannedTicket(
            candidate=candidate, size=Size.SMALL, agent="amber", lane=0, order=0, reason="first"
        )

    def _batch(self, planned: PlannedTicket, base: str) -> Batch:
        self.world.clock.sleep(60)
        created = self.world.clock.now() + timedelta(seconds=next(_MOMENTS))
        return Batch(
            id=f"{created:%Y%m%d-%H%M%S}",
            created_at=created,
            project="shop",
            target_branch=self.world.target,
            base=base,
            limits=Limits(),
            config_hash=self.config.hash,
            tickets=(planned,),
        )

    def _write(self, offer: Offer) -> None:
        layout = Layout(self.root / "out").batch(offer.batch.id)
        folder = layout.ticket(offer.planned.id)
        folder.path.mkdir(parents=True)
        self.hub.bundle(folder.bundle, offer.attempt.base, offer.attempt.head or "")
        records.write_model(layout.batch, offer.batch)
        for path, artifact in (
            (folder.attempt, offer.attempt),
            (folder.gate, offer.report),
            (folder.score, offer.score),
        ):
            records.write_model(path, artifact)

    def configure(self, settings: str) -> None:
        """More settings from now on."""
        self.config = configuration.parse(SETTINGS + settings)

    def say_again(self, offer: Offer, text: str) -> None:
        """Other words about the same change, in the same files."""
        commits = {name: getattr(offer.attempt, name) for name in ("base", "head", "tree")}
        again = self.words.offer(offer.batch, offer.planned, text, commits, offer.score.verdict)
        folder = Layout(self.root / "out").batch(offer.batch.id).ticket(offer.planned.id)
        for path, artifact in (
            (folder.attempt, again.attempt),
            (folder.gate, again.report),
            (folder.score, again.score),
        ):
            records.write_model(path, artifact)

    def publish(self, offer: Offer) -> Publication:
        """What the publish job makes of the files."""
        (publication,) = publish_finished(self.factory(), offer.batch)
        return publication

    def branches(self, offer: Offer) -> str | None:
        """Head of the branch of an offer on the forge."""
        return self.forge.branch(offer.branch)

    def merge_requests(self, offer: Offer) -> list[MergeRequest]:
        """Those of an offer, in every state."""
        return self.forge.merge_requests(source_branch=offer.branch, state=None)

    def notes(self, offer: Offer) -> list[Note]:
        """Everything that was written about an offer, on its ticket and its merge request."""
        found = self.forge.notes(NoteTarget.ISSUE, offer.planned.id)
        for each in self.merge_requests(offer):
            found = [*found, *self.forge.notes(NoteTarget.MERGE_REQUEST, str(each.iid))]
        return found

    def texts(self, offer: Offer) -> list[str]:
        """Everything that people see of an offer: title, description, notes, commit message."""
        found = [note.body for note in self.notes(offer)]
        for each in self.merge_requests(offer):
            found += [
                each.title,
                each.description,
                self.world.git.text("log", "-1", "--format=%B", each.head),
            ]
        return found

    def bystanders(self) -> list[tuple[str, list[str]]]:
        """State and labels of the tickets that nobody works on."""
        issues = [self.forge.issue(each) for each in BYSTANDERS]
        return [(each.state.value, sorted(each.ticket.labels)) for each in issues]

    def standing(self, offer: Offer) -> tuple[object, ...]:
        """All that commands, mentions and references could move, of the offer's own and of bystanders."""
        own = self.forge.issue(offer.planned.id)
        requests = [
            (each.state, each.draft, each.reviewer, each.target_branch, sorted(each.labels), each.approvals,
             each.changes_requested_by)
            for each in self.merge_requests(offer)
        ]  # fmt: skip
        return (self.bystanders(), own.state, sorted(own.ticket.labels), requests)


@dataclass(frozen=True)
class Words:
    """Values of a finished attempt and its verdict, into which a stranger's text is put wherever one can."""

    attempt: Attempt
    report: GateReport
    score: Score

    def offer(
        self, batch: Batch, planned: PlannedTicket, text: str, commits: Mapping[str, str], verdict: Verdict
    ) -> Offer:
        """The artifacts of one ticket."""
        ids = {"ticket_id": planned.id, "batch_id": batch.id}
        attempt = self.attempt.model_copy(update={**ids, **commits})
        report = self.report.model_copy(update={**commits, "gates": self.report.gates[:1]})
        score = self.score.model_copy(update={**commits, "score": 95.0, "verdict": verdict})
        if text:
            attempt, report, score = _said(attempt, text), _found(report, text), _judged(score, text)
        return Offer(batch, planned, attempt, report, score)


def _said(attempt: Attempt, text: str) -> Attempt:
    """An agent's own words: what it understood, remarks, the name of its model."""
    first, *others = attempt.checkpoints
    assert first.comprehension is not None
    answers = tuple(
        each.model_copy(update={"criterion": text, "how": text}) for each in first.comprehension.criteria
    )
    understood = first.comprehension.model_copy(update={"objective": text, "criteria": answers})
    said = first.model_copy(update={"comprehension": understood, "notes": (text,), "problems": (text,)})
    return attempt.model_copy(
        update={"checkpoints": (said, *others), "reason": text, "model": text[:200]}, deep=True
    )


def _found(report: GateReport, text: str) -> GateReport:
    """A tool's words about a file that the agent wrote."""
    finding = Finding(
        tool="linter",
        rule=text[:200],
        severity=Severity.LOW,
        message=text,
        path="app.py",
        region=Region(line=1),
        fingerprint="f1",
        help=text,
    )
    named = finding.model_copy(update={"path": text[:200], "fingerprint": "f2"})
    gate = report.gates[0].model_copy(
        update={"summary": text, "findings": (finding, named), "status": GateStatus.PASS}
    )
    return report.model_copy(update={"gates": (gate,), "changed_files": ("app.py", text[:200])})


def _judged(score: Score, text: str) -> Score:
    reasons = tuple(each.model_copy(update={"message": text, "path": text[:200]}) for each in score.reasons)
    return score.model_copy(update={"reasons": reasons})


NewStage = Callable[..., Stage]
