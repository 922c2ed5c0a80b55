"""The whole line through the real command line: what a night brings, twice, killed, stacked, held."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from ci_factory.model import block
from ci_factory.system.git import Git

MakeLine = Callable[..., Any]
LONG = pytest.mark.long
CONFIG = """
batch: {parallel: 2, timeout_minutes: 1}
gates: {disabled: [semgrep, mypy, secrets], tests: {proof: false, mutants: {sample: 0}}}
review: {reviewers: [rita]}
sandbox: off
"""


def snapshot(line: Any) -> tuple[object, ...]:
    """Everything on the forge: refs, merge requests, notes, states."""
    refs = Git(line.repo).text("for-each-ref")
    shown = [
        line.cli("mr", "show", str(mr["iid"]), "--repo", line.repo).out for mr in line.json("mr", "list")
    ]
    return refs, shown, line.states()


def events(line: Any) -> list[dict[str, Any]]:
    """All events so far; a torn last line is left out."""
    path = line.out / "events.jsonl"
    found = []
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(text))
        except ValueError:
            continue
    return found


@pytest.mark.slow
def test_tickets_become_scored_merge_requests(make_line: MakeLine) -> None:
    """Tickets go in; merge requests with a passing score, a reviewer and a note come out."""
    line = make_line([{"id": "1"}, {"id": "2", "body": "do: nothing"}, {"id": "3", "body": "do: crash"}])
    ran = line.run()
    assert ran.code == 0, ran.err
    assert line.states() == {"1": "review", "2": "no-change", "3": "agent-failed"}
    merge_request = line.merge_requests()["1"]
    assert (merge_request["draft"], merge_request["reviewer"]) == (False, "rita")
    assert merge_request["source_branch"].startswith("factory/1-")
    shown = line.cli("mr", "show", str(merge_request["iid"]), "--repo", line.repo).out
    assert "Passed" in shown
    report = (line.out / "report.md").read_text()
    assert all(f"Add value {number}" in report for number in (1, 2, 3))
    assert (line.out / "dashboard.html").stat().st_size > 10_000
    score = json.loads(next(line.out.glob("batches/*/tickets/1/score.json")).read_text())
    assert score["verdict"] == "pass"
    assert Git(line.repo).tree_of(merge_request["head"]) == score["tree"]


@pytest.mark.slow
def test_second_run_changes_nothing(make_line: MakeLine) -> None:
    """Running the same command again starts no agent and leaves every ref, note and label as it was."""
    line = make_line([{"id": "1"}, {"id": "2", "acceptance_criteria": []}])
    assert line.run().code == 0
    before = snapshot(line)
    again = line.run()
    assert again.code == 0, again.err
    assert snapshot(line) == before
    assert line.worked() == ["1"]
    assert len(list(line.out.glob("batches/*"))) == 1
    assert line.states()["2"] == "needs-info"


@pytest.mark.slow
def test_edited_ticket_is_told_what_is_still_missing(make_line: MakeLine) -> None:
    """A ticket sent back and edited gets its note updated in place, and is worked on once nothing is missing."""
    line = make_line([{"id": "1", "acceptance_criteria": [], "body": "## Open questions\n- which?"}])
    assert line.run().code == 0
    line.tickets.write_text(line.tickets.read_text().replace("## Open questions\\n- which?", "settled"))
    assert line.run().code == 0
    notes = json.loads(line.cli("ticket", "show", "1", "--repo", line.repo, "--json").out)["notes"]
    assert len(notes) == 1
    assert "which" not in notes[0]["body"]
    assert line.states() == {"1": "needs-info"}
    text = line.tickets.read_text()
    line.tickets.write_text(
        text.replace('"acceptance_criteria": []', '"acceptance_criteria": ["value is >= 0"]')
    )
    assert line.run().code == 0
    assert line.states() == {"1": "review"}


@pytest.mark.slow
def test_nothing_new_makes_no_batch(make_line: MakeLine) -> None:
    """Tickets that can't start are told once why; asking again writes no batch, no note, no event on the forge."""
    tickets = [
        {"id": "1", "labels": ["later"]},
        {"id": "2", "depends_on": ["1"]},
        {"id": "3", "depends_on": ["9"]},
    ]
    line = make_line([*tickets, {"id": "4", "labels": ["ready-for-agent", "factory::hold"]}])
    assert line.run().code == 0
    before = [
        line.cli("ticket", "show", number, "--repo", line.repo, "--json").out for number in ("2", "3", "4")
    ]
    assert line.run().code == 0
    after = [
        line.cli("ticket", "show", number, "--repo", line.repo, "--json").out for number in ("2", "3", "4")
    ]
    assert after == before
    assert line.worked() == []
    assert len(list(line.out.glob("batches/*"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("planned", marks=LONG),
        pytest.param("started", marks=LONG),
        "judged",
        pytest.param("published", marks=LONG),
    ],
)
def test_killed_run_is_completed_by_the_next(make_line: MakeLine, moment: str) -> None:
    """After kill -9 at any stage the same command brings one branch, merge request and note for each ticket."""
    line = make_line([{"id": "1"}, {"id": "2", "body": "sleep: 1"}, {"id": "3", "body": "sleep: 1"}])
    process = subprocess.Popen([sys.executable, "-m", "ci_factory", *line.argv()], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not any(event["kind"] == moment for event in events(line)) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = {event["ticket_id"] for event in events(line) if event["kind"] == "published"}
    ran = line.run()
    assert ran.code == 0, ran.err
    assert set(line.states().values()) == {"review"}
    merge_requests = line.json("mr", "list")
    assert sorted(mr["ticket_id"] for mr in merge_requests) == ["1", "2", "3"]
    assert Git(line.repo).text("for-each-ref", "refs/heads/factory").count("\n") == 2
    for merge_request in merge_requests:
        shown = line.cli("mr", "show", str(merge_request["iid"]), "--repo", line.repo, "--json")
        notes = json.loads(shown.out)["notes"]
        assert sum(block.read(note["body"], "score") is not None for note in notes) == 1
    assert all(line.worked().count(ticket) == 1 for ticket in done)


@pytest.mark.slow
def test_interrupted_run_keeps_what_was_done(make_line: MakeLine) -> None:
    """Ctrl-C is exit 130, counts no ticket as failed, and the next run completes the night."""
    line = make_line([{"id": "1"}, {"id": "2", "body": "sleep: 30"}])
    process = subprocess.Popen(
        # a suite that runs in the background of a shell may have been told to ignore Ctrl-C
        ["env", "--default-signal=INT", sys.executable, "-m", "ci_factory", *line.argv()],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not any(event["kind"] == "published" for event in events(line)) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "goes on from" in err
    assert line.states()["1"] == "review"
    assert line.run().code == 0
    assert line.states()["2"] == "review"


@pytest.mark.slow
def test_dependent_ticket_is_stacked_and_merges_in_order(make_line: MakeLine) -> None:
    """A dependent change builds on its predecessor's branch; merging the first retargets the second."""
    line = make_line([{"id": "1"}, {"id": "2", "depends_on": ["1"]}])
    assert line.run().code == 0
    merge_requests = line.merge_requests()
    assert merge_requests["2"]["target_branch"] == merge_requests["1"]["source_branch"]
    assert "Stacked on the change for #1" in merge_requests["2"]["description"]
    for ticket in ("1", "2"):
        iid = str(merge_requests[ticket]["iid"])
        merged = line.cli("mr", "merge", iid, "--repo", line.repo, "--as", "rita")
        assert merged.code == 0, merged.err
    assert line.states() == {"1": "merged", "2": "merged"}
    assert (line.repo / "shop" / "mod2.py").exists()
    assert Git(line.repo).changed_in_worktree() == []


@pytest.mark.slow
def test_dependent_of_a_failed_ticket_stays_queued(make_line: MakeLine) -> None:
    """When a dependency brings nothing to build on, the dependent is not started and says why."""
    line = make_line([{"id": "1", "body": "do: crash"}, {"id": "2", "depends_on": ["1"]}])
    assert line.run().code == 0
    assert line.states() == {"1": "agent-failed", "2": "ready"}
    assert line.worked() == ["1"]
    assert "depends on 1" in line.cli("ticket", "show", "2", "--repo", line.repo).out


@pytest.mark.slow
def test_overlapping_ticket_does_not_fall_with_its_predecessor(make_line: MakeLine) -> None:
    """A ticket that merely shares files with a failed one is built on the default branch instead."""
    shared = {"files": ["shop/both.py"]}
    line = make_line(
        [
            {"id": "1", "body": "do: crash\nmodule: both", **shared},
            {"id": "2", "body": "module: both", **shared},
        ]
    )
    assert line.run().code == 0
    assert line.states() == {"1": "agent-failed", "2": "review"}
    assert line.merge_requests()["2"]["target_branch"] == "main"


@pytest.mark.slow
def test_overlapping_changes_are_stacked(make_line: MakeLine) -> None:
    """Two tickets on one file bring two changes that merge one after the other."""
    shared = {"files": ["shop/both.py"], "body": "module: both"}
    line = make_line([{"id": "1", **shared}, {"id": "2", **shared}])
    assert line.run().code == 0
    targets = sorted(mr["target_branch"] for mr in line.merge_requests().values())
    assert targets[1] == "main"
    assert targets[0].startswith("factory/")


@pytest.mark.slow
def test_change_that_never_passes_asks_a_person(make_line: MakeLine) -> None:
    """When the iteration limit is reached, the work is kept and a person is asked; nothing is pushed."""
    limits = "iterations: {single_file: 2, multi_file: 2, test_failures: 2, build_failures: 2}\n"
    line = make_line([{"id": "1", "body": "do: break"}], config=CONFIG + limits)
    assert line.run().code == 0
    assert line.states() == {"1": "escalated"}
    assert line.json("mr", "list") == []
    assert list(line.out.glob("batches/*/tickets/1/change.bundle"))
    assert "A decision is needed" in line.cli("ticket", "show", "1", "--repo", line.repo).out


@pytest.mark.slow
def test_approved_escalation_is_taken_up_again(make_line: MakeLine) -> None:
    """A ticket about a sensitive file asks first; with a person's yes the next run brings its merge request."""
    line = make_line([{"id": "1"}], config=CONFIG + "sensitive: [{paths: [shop/mod1.py]}]\n")
    assert line.run().code == 0
    assert (line.states(), line.worked()) == ({"1": "escalated"}, [])
    assert line.run().code == 0
    assert line.states() == {"1": "escalated"}
    said = line.cli("ticket", "label", "1", "--repo", line.repo, "--as", "rita", "--add", "factory::approved")
    assert said.code == 0, said.err
    assert line.run().code == 0
    assert (line.states(), line.worked()) == ({"1": "review"}, ["1"])


@pytest.mark.slow
def test_held_ticket_is_left_alone(make_line: MakeLine) -> None:
    """A person's hold label keeps a ticket out of the batch."""
    line = make_line([{"id": "1", "labels": ["ready-for-agent", "factory::hold"]}, {"id": "2"}])
    assert line.run().code == 0
    assert line.states() == {"1": "hold", "2": "review"}
    assert line.worked() == ["2"]


@pytest.mark.slow
def test_stages_one_by_one_bring_the_same(make_line: MakeLine) -> None:
    """intake, plan, work and publish in turn do what `run` does."""
    line = make_line([{"id": "1"}])
    common = ["--repo", str(line.repo), "--out", str(line.out)]
    agent = line.argv()[line.argv().index("--agent-command") :][:2]
    assert line.cli("intake", *common, "--tickets", line.tickets).code == 0
    assert line.cli("plan", *common, *agent, "--dry-run").code == 0
    assert not list(line.out.glob("batches/*"))
    assert line.cli("plan", *common, *agent).code == 0
    worked = line.cli("work", "1", *common, *agent)
    assert worked.code == 0, worked.err
    assert line.json("mr", "list") == []
    published = line.cli("publish", *common)
    assert published.code == 0, published.err
    assert line.states() == {"1": "review"}
    assert line.cli("review", *common).code == 0
    assert "rita" in line.cli("review", *common).out


def test_agent_sees_no_secret_and_can_not_touch_the_repository(
    make_line: MakeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A canary in our environment is not in the agent's; what it does to git stays in its workspace."""
    line = make_line([{"id": "1"}])
    monkeypatch.setenv("CI_JOB_TOKEN", "canary-token")
    seen = line.log.with_name("seen.txt")
    script = f"env > {seen}; git config --list >> {seen}; git branch -f evil; git remote -v >> {seen}; git commit -qam x"
    argv = [*line.argv()]
    argv[argv.index("--agent-command") + 1] = script
    ran = line.cli(*argv)
    assert ran.code == 0, ran.err
    assert "canary-token" not in seen.read_text()
    assert Git(line.repo).ref("refs/heads/evil") is None
