"""What the next attempt is told of a change that no longer merges."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ci_factory.model.batch import Batch
from ci_factory.model.forge import Publication
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow.earlier import earlier_change
from tests.workflow.ready_changes import ready_changes


@pytest.fixture
def told(new_repo: Callable[..., Path], tmp_path: Path) -> Callable[..., str | None]:
    """`told(**publication)`: what the next batch's attempt at ticket 1 hears, after that publication of the last one."""
    repo = Git(new_repo({"README.md": "many\n", "value_1.py": "VALUE = 0\n"}))
    last, (ready, *_) = ready_changes(repo, tmp_path, 1)
    layout = Layout(tmp_path / "out")
    layout.prepare()
    folder = layout.batch(last.id).ticket("1")
    records.write_model(layout.batch(last.id).batch, last)
    records.write_model(folder.attempt, ready.judged.attempt)
    folder.bundle.write_bytes(ready.folder.bundle.read_bytes())
    (repo.folder / "value_1.py").write_text("VALUE = 'theirs'\n", encoding="utf-8")
    repo.text("commit", "--quiet", "--all", "--message", "theirs")
    update = {"id": "20260303-010000", "base": repo.resolve("HEAD")}
    now: Batch = last.model_copy(update=update)
    hub = Git(tmp_path / "hub2.git")
    hub.init_hub(repo)

    def tell(**publication: object) -> str | None:
        known = {"ticket_id": "1", "batch_id": last.id, **publication}
        records.write_model(folder.publication, Publication.model_validate(known))
        return earlier_change(hub, layout, now, "1")

    return tell


def test_both_sides_of_a_conflict_are_told(told: Callable[..., str | None]) -> None:
    """The files, the earlier change, and what the target branch did to them since."""
    found = told(outcome="deferred", conflicts=("value_1.py",))
    assert found is not None
    tried, _, others = found.partition("What the target branch did")
    assert "Files in conflict: value_1.py" in tried
    assert "+VALUE = 1" in tried
    assert "+VALUE = 'theirs'" in others


def test_without_a_conflict_nothing_is_told(told: Callable[..., str | None]) -> None:
    """A publication that ended in any other way leaves the next attempt alone."""
    assert told(outcome="merge-request") is None
    assert told(outcome="escalated") is None
