"""Where things lie: the output folder of a factory, and the embedded forge in a repository."""

from dataclasses import dataclass
from pathlib import Path

from ci_factory.system import records


@dataclass(frozen=True)
class TicketFolder:
    """Artifacts of one ticket in one batch."""

    path: Path

    @property
    def attempt(self) -> Path:
        """attempt.json."""
        return self.path / "attempt.json"

    @property
    def bundle(self) -> Path:
        """change.bundle."""
        return self.path / "change.bundle"

    @property
    def gate(self) -> Path:
        """gate.json."""
        return self.path / "gate.json"

    @property
    def score(self) -> Path:
        """score.json."""
        return self.path / "score.json"

    @property
    def publication(self) -> Path:
        """publication.json."""
        return self.path / "publication.json"

    @property
    def agent(self) -> Path:
        """Folder of prompts, transcripts and documents of the agent."""
        return self.path / "agent"

    @property
    def state(self) -> Path:
        """agent/state.json, how far the work is."""
        return self.agent / "state.json"

    @property
    def meter(self) -> Path:
        """agent/meter.json, what the running call has used so far."""
        return self.agent / "meter.json"

    @property
    def seen_gate(self) -> Path:
        """agent/gate.json, what the work itself saw of the gates last."""
        return self.agent / "gate.json"

    @property
    def seen_score(self) -> Path:
        """agent/score.json, likewise."""
        return self.agent / "score.json"

    @property
    def earlier(self) -> Path:
        """earlier.bundle, the partial change of an earlier attempt, brought by the plan."""
        return self.path / "earlier.bundle"


@dataclass(frozen=True)
class BatchFolder:
    """Artifacts of one batch."""

    path: Path

    @property
    def intake(self) -> Path:
        """intake.json."""
        return self.path / "intake.json"

    @property
    def batch(self) -> Path:
        """batch.json."""
        return self.path / "batch.json"

    @property
    def manifest(self) -> Path:
        """batch.yaml, the same for people."""
        return self.path / "batch.yaml"

    @property
    def forecast(self) -> Path:
        """forecast.json, what the batch is expected to bring."""
        return self.path / "forecast.json"

    @property
    def gathered(self) -> Path:
        """gathered.json."""
        return self.path / "gathered.json"

    @property
    def breakers(self) -> Path:
        """breakers.json, which credentials sleep and which agents get no more tickets."""
        return self.path / "breakers.json"

    @property
    def pulse(self) -> Path:
        """pulse.json, signs of life of the running night."""
        return self.path / "pulse.json"

    @property
    def merge_truth(self) -> Path:
        """merge_truth.json, whether the open changes merge and work together."""
        return self.path / "merge_truth.json"

    @property
    def report(self) -> Path:
        """report.md, the morning report."""
        return self.path / "report.md"

    def ticket(self, ticket_id: str) -> TicketFolder:
        """Folder of one ticket."""
        return TicketFolder(self.path / "tickets" / ticket_id)


@dataclass(frozen=True)
class Layout:
    """The output folder (`--out`)."""

    root: Path

    def prepare(self) -> None:
        """Make the folder, invisible to git."""
        self.root.mkdir(parents=True, exist_ok=True)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            records.write_text(ignore, "*\n")

    @property
    def events(self) -> Path:
        """events.jsonl of all batches."""
        return self.root / "events.jsonl"

    @property
    def intake(self) -> Path:
        """intake.json of the last intake."""
        return self.root / "intake.json"

    @property
    def review(self) -> Path:
        """review.json."""
        return self.root / "review.json"

    @property
    def merge_truth(self) -> Path:
        """merge_truth.json of the last time that the open changes were tried."""
        return self.root / "merge_truth.json"

    @property
    def facts(self) -> Path:
        """facts.json, as they were collected last."""
        return self.root / "facts.json"

    @property
    def candidate(self) -> Path:
        """candidate.json, what the tests said of the candidate in merge_truth.json."""
        return self.root / "candidate.json"

    @property
    def report(self) -> Path:
        """report.md of the last batch."""
        return self.root / "report.md"

    @property
    def dashboard(self) -> Path:
        """dashboard.html."""
        return self.root / "dashboard.html"

    @property
    def cache(self) -> Path:
        """Results that can be computed again."""
        return self.root / "cache"

    @property
    def hub(self) -> Path:
        """The bare repository that agents' and gates' worktrees hang off."""
        return self.root / "workspace.git"

    @property
    def worktrees(self) -> Path:
        """Worktrees in use; can be deleted when nothing runs."""
        return self.root / "worktrees"

    @property
    def verdicts(self) -> Path:
        """verdicts.json, the merge requests that are to be judged."""
        return self.root / "verdicts.json"

    def verdict(self, iid: int) -> TicketFolder:
        """Folder of the verdict on one merge request."""
        return TicketFolder(self.root / "verdicts" / str(iid))

    def batch(self, batch_id: str) -> BatchFolder:
        """Folder of one batch."""
        return BatchFolder(self.root / "batches" / batch_id)

    def batches(self) -> list[BatchFolder]:
        """All batches that have a plan, oldest first (ids sort by time)."""
        folders = sorted((self.root / "batches").glob("*/batch.json"))
        return [BatchFolder(path.parent) for path in folders]


def forge_database(common_dir: Path) -> Path:
    """The embedded forge of a repository lies in its git folder, beside the refs it speaks of."""
    return common_dir / "ci-factory" / "forge.sqlite3"
