"""A publication to GitLab that is killed at any request."""

import subprocess
from pathlib import Path

import pytest

from tests.gitlab_standin.control import StandIn
from tests.workflow.kill_table import Table, work


@pytest.mark.long
@pytest.mark.slow
def test_a_kill_at_any_write_leaves_no_trace(gitlab_server: StandIn, tmp_path: Path) -> None:
    """SIGKILL before or after the effect of every write for three tickets, one of them stacked, and one more run.

    Then there is exactly what a run without a kill leaves: one branch, one merge request of one version, one note, the same
    words and labels. `make kill-table` does the same before and after every request.
    """
    repo = tmp_path / "repo"
    (repo / "shop").mkdir(parents=True)
    (repo / "shop" / "__init__.py").write_text("", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", str(repo)], check=True)
    tokens: dict[str, str] = {}
    table = Table(gitlab_server, work(gitlab_server, repo, tmp_path, tokens), tmp_path, tokens)
    rows = list(table.sample())
    requests = table.expected["merge requests"]
    assert [each["versions"] for each in requests.values()] == [1, 1, 1]
    assert [len(each["notes"]) for each in requests.values()] == [1, 1, 1]
    targets = {name: each["target_branch"] for name, each in requests.items()}
    assert targets["factory/2-add-value-2"] == "factory/1-add-value-1"
    assert len(rows) >= 3 * 6
    assert [(row.call, row.moment, row.difference) for row in rows if not (row.killed and row.same)] == []
