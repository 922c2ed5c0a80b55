"""The demonstration's night on the GitLab stand-in, without pipelines: here, beside the tests that compare pipelines with it."""

import subprocess
from itertools import count
from math import ceil
from pathlib import Path

import pytest

from tests.ci_local.night import WHOLE, Demonstration, at_night
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import GitLabLine

_NUMBERS = count(1)
_PROMISED = {
    **dict.fromkeys(("101", "102", "103", "104", "106", "107", "108", "110", "113"), "review"),
    **dict.fromkeys(("109", "111", "112"), "escalated"),
    "105": "needs-info",
}
"""What the example's README promises."""
STATES = {ticket: state for ticket, state in _PROMISED.items() if at_night(ticket)}
STACKED = {"106": "103", "108": "107"}


@pytest.fixture(scope="module")
def night(here: GitLabLine, ci_server: StandIn, tmp_path_factory: pytest.TempPathFactory) -> GitLabLine:
    """Without the slowest tools; `make test-nights` has them all."""
    if not WHOLE:
        return here
    folder = tmp_path_factory.mktemp("whole")
    whole = Demonstration.prepare(folder / "place", hurried=False)
    line = whole.line(ci_server, f"lendery/whole-{next(_NUMBERS)}", folder / "clone")
    assert line.command("run") == 0
    return line


def labels_of(line: GitLabLine) -> dict[str, str]:
    issues = line.project.issues.list(get_all=True)
    return {
        str(each.iid): label.removeprefix("factory::")
        for each in issues
        for label in each.labels
        if "::" in label and label.startswith("factory")
    }


@pytest.mark.slow
def test_every_ticket_of_the_demonstration_comes_to_the_same_end(night: GitLabLine) -> None:
    """States as on the embedded forge, on every ticket as its one state label."""
    assert labels_of(night) == STATES


@pytest.mark.slow
def test_merge_requests_are_ready_or_draft_by_their_verdict_and_stacked(night: GitLabLine) -> None:
    """All merge requests are by the bot; the blocked one is a draft; stacked ones target the branch below."""
    found = {
        each.source_branch.split("/")[1].split("-")[0]: each
        for each in night.project.mergerequests.list(get_all=True)
    }
    assert {ticket for ticket, state in STATES.items() if state == "review"} == set(found)
    assert {ticket for ticket, each in found.items() if each.draft} == {"113"}
    assert {each.author["username"] for each in found.values()} == {"factory-bot"}
    for ticket, each in found.items():
        below = STACKED.get(ticket)
        assert each.target_branch == (found[below].source_branch if below else "main")
    assert all(each.reviewers for each in found.values())


@pytest.mark.slow
def test_the_secret_reaches_no_part_of_the_server(night: GitLabLine, ci_server: StandIn) -> None:
    """The change with an access key is nowhere on the server: no branch, no object, no text."""
    branches = [each.name for each in night.project.branches.list(get_all=True)]
    assert not [name for name in branches if "112" in name]
    listing = ["git", "cat-file", "--batch-all-objects", "--batch"]
    objects = subprocess.run(listing, cwd=ci_server.repository(night.id), check=True, capture_output=True)
    assert b"AKIA" not in objects.stdout
    secrets = [line for line in _texts(night) if "AKIA" in line]
    assert secrets == []


def _texts(line: GitLabLine) -> list[str]:
    notes = [
        note.body
        for issue in line.project.issues.list(get_all=True)
        for note in issue.notes.list(get_all=True)
    ]
    for each in line.project.mergerequests.list(get_all=True):
        notes += [each.description, *(note.body for note in each.notes.list(get_all=True))]
    return notes


@pytest.mark.slow
def test_a_second_night_with_nothing_new_writes_nothing(night: GitLabLine, ci_server: StandIn) -> None:
    """Running again changes no branch, no merge request, no note and no label."""
    before = night.state()
    ci_server.forget_requests()
    assert night.command("run") == 0
    assert [each for each in ci_server.requests() if each.effect] == []
    assert night.state() == before


@pytest.mark.slow
def test_a_batch_is_read_with_few_requests(night: GitLabLine, ci_server: StandIn) -> None:
    """Intake of N tickets asks the API at most 2 + N/50 times, whole pages, questions and answers included."""
    ci_server.forget_requests()
    assert night.command("intake") == 0
    asked = [each.path for each in ci_server.requests() if "/api/" in each.path]
    batch = [path for path in asked if ".ci-factory.yml" not in path]  # that is the kill switch
    assert len(batch) <= 2 + ceil(len(STATES) / 50), batch


@pytest.mark.slow
def test_the_kill_switch_on_the_default_branch_stops_the_next_run(
    night: GitLabLine, tmp_path: Path, ci_server: StandIn
) -> None:
    """`enabled: false` on the default branch, although the local copy says nothing of it."""
    off = night.copy("lendery/off", tmp_path / "off", {})
    clone = tmp_path / "clone"
    _git("clone", "--quiet", str(ci_server.repository(off.id)), str(clone))
    config = clone / ".ci-factory.yml"
    config.write_text(f"enabled: false\n{config.read_text('utf-8')}", encoding="utf-8")
    _git("-C", str(clone), "commit", "--quiet", "--all", "--message", "stop")
    _git("-C", str(clone), "push", "--quiet")
    ci_server.forget_requests()
    assert off.command("run") == 2
    assert [each for each in ci_server.requests() if each.effect] == []


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)
