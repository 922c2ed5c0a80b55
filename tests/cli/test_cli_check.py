"""`ci-factory check`: a change judged from its files, and files that do not fit; and who may hold a token."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ci_factory.cli import forges, heartbeat, separation
from ci_factory.config import Config, ForgeConfig
from ci_factory.errors import UsageError
from ci_factory.model.attempt import Ending
from ci_factory.model.batch import Batch
from ci_factory.model.gate import GateReport, Score, Verdict
from ci_factory.system import ci_env, records
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import BatchFolder, Layout, TicketFolder
from tests.workflow.ready_changes import Ready, ready_changes

OFF = "semgrep, mypy, secrets, tests, dependencies, complexity, documentation"
CONFIG = f"gates: {{disabled: [{OFF}]}}\n"
TOKEN = "glpat-" + "q" * 20
JOB_TOKEN = "glcbt-64_" + "j" * 20


@dataclass
class Bag:
    """What a gate job is given: a clone, a batch of two tickets, an attempt and a bundle of each."""

    repo: Path
    batch: Batch
    made: list[Ready]
    cli: Callable[..., Any]

    @property
    def folder(self) -> BatchFolder:
        return Layout(self.repo / ".ci-factory").batch(self.batch.id)

    def ticket(self, ticket: str) -> TicketFolder:
        return self.folder.ticket(ticket)

    def check(self, ticket: str = "1") -> Any:
        return self.cli("check", ticket, "--repo", self.repo)

    def change(self, **fields: Any) -> None:
        """An attempt at ticket 1 that says something else."""
        changed = self.made[0].judged.attempt.model_copy(update=fields)
        records.write_model(self.ticket("1").attempt, changed)

    def rebatch(self, **fields: Any) -> None:
        """A batch that says something else, in the same place."""
        records.write_model(self.folder.batch, self.batch.model_copy(update=fields))


@pytest.fixture(name="bag")
def a_gate_jobs_files(
    new_repo: Callable[..., Path],
    tmp_path: Path,
    factory_cli: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Bag:
    repo = new_repo({"a.py": '"""A."""\n', ".ci-factory.yml": CONFIG})
    batch, made = ready_changes(Git(repo), tmp_path / "made", 2)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("CI_PROJECT_PATH", batch.project)
    bag = Bag(repo, batch, made, factory_cli)
    records.write_model(bag.folder.batch, batch)
    for each in made:
        folder = bag.ticket(each.judged.planned.id)
        records.write_model(folder.attempt, each.judged.attempt)
        shutil.copy(each.folder.bundle, folder.bundle)
    return bag


def test_a_change_is_judged_from_its_files(bag: Bag) -> None:
    """gate.json and score.json speak of the bundle's tree, and one that lay there before is not believed."""
    forged = bag.made[0].judged.score
    assert forged is not None
    records.write_model(bag.ticket("1").score, forged.model_copy(update={"score": 99.5}))
    ran = bag.check()
    score = records.read_model(bag.ticket("1").score, Score)
    report = records.read_model(bag.ticket("1").gate, GateReport)
    assert ran.code == {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 4}.get(score.verdict, 1), ran.err
    assert report.tree == score.tree == bag.made[0].judged.attempt.tree
    assert score.score != 99.5
    assert report.changed_files == ("value_1.py",)


def test_the_configuration_is_the_bases(bag: Bag) -> None:
    """Neither the change nor what lies in the clone has a say in how it is judged."""
    (bag.repo / ".ci-factory.yml").write_text("gates: {disabled: [ruff, policy, tampering]}\n")
    assert bag.check().code in {0, 1, 4}
    ran = {gate.gate for gate in records.read_model(bag.ticket("1").gate, GateReport).gates}
    assert {"ruff", "policy", "tampering"} <= ran


def test_without_a_change_there_is_nothing_to_judge(bag: Bag) -> None:
    """An attempt that changed nothing is exit 0 with a word, and leaves no verdict, not even an older one."""
    bag.change(ending=Ending.NO_CHANGE, head=None, tree=None, reason="nothing \x1b[2Ksection_end:1:x\r to do")
    records.write_text(bag.ticket("1").score, "{}")
    ran = bag.check()
    assert (ran.code, ran.out) == (0, "nothing to judge: no-change: nothing 1:x to do\n")
    assert not bag.ticket("1").score.exists()


def _of_another_ticket(bag: Bag) -> None:
    shutil.copy(bag.ticket("2").attempt, bag.ticket("1").attempt)
    shutil.copy(bag.ticket("2").bundle, bag.ticket("1").bundle)


def _bundle_of_another_ticket(bag: Bag) -> None:
    shutil.copy(bag.ticket("2").bundle, bag.ticket("1").bundle)


def _of_another_tree(bag: Bag) -> None:
    bag.change(tree=bag.made[1].judged.attempt.tree)


def _on_another_base(bag: Bag) -> None:
    bag.change(base=bag.made[1].judged.attempt.head)


def _cut(bag: Bag) -> None:
    bundle = bag.ticket("1").bundle
    bundle.write_bytes(bundle.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (_of_another_ticket, "the attempt is one at ticket 2"),
        (_bundle_of_another_ticket, "do not speak of the same tree"),
        (lambda bag: bag.change(batch_id="20200101-000000"), "the attempt is of batch 20200101-000000"),
        (lambda bag: bag.rebatch(project="acme/other"), "belongs to project 'acme/other'"),
        (_of_another_tree, "do not speak of the same tree"),
        (_on_another_base, "not from the batch's base"),
        (_cut, "is not a bundle"),
        (lambda bag: bag.ticket("1").bundle.unlink(), "is missing"),
        (lambda bag: bag.ticket("1").attempt.unlink(), "attempt.json: can't be read"),
    ],
    ids=["ticket", "bundle", "batch", "project", "tree", "base", "cut", "no bundle", "no attempt"],
)
def test_files_that_do_not_fit_are_refused(bag: Bag, tamper: Callable[[Bag], None], said: str) -> None:
    """A replayed file of another ticket, batch, project, base or tree is exit 3, and nothing is judged."""
    tamper(bag)
    ran = bag.check()
    assert ran.code == 3
    assert said in ran.err
    assert not bag.ticket("1").gate.exists()
    assert not bag.ticket("1").score.exists()


def test_a_stacked_change_may_not_hide_commits_below(bag: Bag) -> None:
    """What a change claims as its base must be its only parent, on top of the batch's base."""
    first, second = (each.judged for each in bag.made)
    stacked = second.planned.model_copy(update={"stacked_on": "1", "waits_for": ("1",)})
    bag.rebatch(tickets=(first.planned, stacked))
    hidden = second.attempt.model_copy(update={"base": first.attempt.head})
    records.write_model(bag.ticket("2").attempt, hidden)
    ran = bag.check("2")
    assert (ran.code, "does not stand on the attempt's base" in ran.err) == (3, True)


def test_an_unknown_ticket_is_wrong_usage(bag: Bag) -> None:
    """The message has the batch's tickets."""
    ran = bag.check("$(id)")
    assert (ran.code, "one of: 1, 2" in ran.err) == (2, True)


def test_a_job_that_finds_a_token_does_not_start(bag: Bag, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says the variable and never the value; nothing is unbundled or run."""
    monkeypatch.setenv("HARMLESS_NAME", f"https://bot:{TOKEN}@gitlab.example.com")
    ran = bag.check()
    assert (ran.code, "error: HARMLESS_NAME: " in ran.err, TOKEN in ran.out + ran.err) == (2, True, False)
    assert not Layout(bag.repo / ".ci-factory").hub.exists()


def test_what_every_job_has_is_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's own token, and what GitLab derives from it, does not count: no job could ever start."""
    before = ci_env.forge_credentials()
    monkeypatch.setenv("CI_JOB_TOKEN", JOB_TOKEN)
    monkeypatch.setenv("CI_REGISTRY_PASSWORD", JOB_TOKEN)
    monkeypatch.setenv("CI_REPOSITORY_URL", f"https://gitlab-ci-token:{JOB_TOKEN}@gitlab.example.com/a.git")
    assert ci_env.forge_credentials("CI_JOB_TOKEN") == before
    assert "CI_JOB_TOKEN" not in ci_env.allowed(["CI_JOB_TOKEN", "CI_REGISTRY"])


@pytest.mark.parametrize("form", ["glpat", "gldt", "glptt", "gloas", "glsoat", "glrt"])
def test_tokens_are_known_by_their_form(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Whatever the variable is called."""
    monkeypatch.setenv("ZZ_SOMETHING", f"{form}-{'x' * 20}")
    assert "ZZ_SOMETHING" in ci_env.forge_credentials()


def test_the_configured_variable_is_refused_whatever_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A self-managed server's token may have any form; its variable is known by name."""
    monkeypatch.setenv("OUR_BOT", "legacy-form")
    with pytest.raises(UsageError, match=r"^OUR_BOT: ") as caught:
        separation.refuse_credentials(ForgeConfig(token_variable="OUR_BOT"))  # noqa: S106 - a name
    assert "legacy-form" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "allowed", "refused"),
    [
        ({"GITLAB_CI": "true"}, False, True),
        ({"GITLAB_CI": "true", "CI_COMMIT_REF_PROTECTED": "false"}, False, True),
        ({"GITLAB_CI": "true", "CI_COMMIT_REF_PROTECTED": "true"}, False, False),
        ({"GITLAB_CI": "true", "CI_COMMIT_REF_PROTECTED": "false"}, True, False),
        ({}, False, False),
    ],
)
def test_the_token_is_used_on_protected_refs_only(
    monkeypatch: pytest.MonkeyPatch,
    new_repo: Callable[..., Path],
    variables: dict[str, str],
    allowed: bool,
    refused: bool,
) -> None:
    """In a job it takes a protected ref, or a configuration that says otherwise; on a laptop there are none."""
    for name in ("CI", "GITLAB_CI", "CI_COMMIT_REF_PROTECTED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CI_FACTORY_TOKEN", TOKEN)
    where = ForgeConfig(url="http://127.0.0.1:9", project="acme/shop", allow_unprotected=allowed)
    git = Git(new_repo({"a": "1"}))
    if refused:
        with pytest.raises(UsageError, match=r"^CI_COMMIT_REF_PROTECTED: ") as caught:
            forges.open_forge(git, Config(forge=where))
        assert TOKEN not in str(caught.value)
    else:
        assert forges.open_forge(git, Config(forge=where)) is not None


def test_a_job_is_never_silent_for_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines come while the block runs and stop with it; outside of a job there are none."""
    monkeypatch.setenv("CI", "true")
    with heartbeat.beating("an agent works on ticket 1", every=0.02):
        SystemClock().sleep(0.3)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert set(lines) == {"[heartbeat] an agent works on ticket 1, for 0 min so far"}
    SystemClock().sleep(0.1)
    monkeypatch.delenv("CI")
    monkeypatch.delenv("GITLAB_CI", raising=False)
    with heartbeat.beating("an agent works", every=0.02):
        SystemClock().sleep(0.1)
    assert capsys.readouterr().err == ""
    assert heartbeat.EVERY_SECONDS <= 300


def test_a_sign_of_life_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line asks anew how far the work is; what can't be told is left out, and the lines go on."""
    monkeypatch.setenv("CI", "true")
    answers = iter(["", "implements, round 2"])
    with heartbeat.beating("it works", lambda: next(answers), every=0.02):
        SystemClock().sleep(0.3)
    lines = capsys.readouterr().err.splitlines()
    start = "[heartbeat] it works, for 0 min so far"
    assert lines[:3] == [start, f"{start}, implements, round 2", start]
