"""Which tickets a person is asked about: a corpus written before the detectors, and one that was held out."""

import json
import shlex
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.config import AgentConfig, Config, RetryConfig
from ci_factory.model.attempt import Attempt, CheckpointName, Comprehension, Ending, Plan, Trigger
from ci_factory.model.gate import GateStatus
from ci_factory.model.ticket import Agreed, Candidate, Estimate, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.system import process
from ci_factory.system.git import Git
from ci_factory.work import checkpoints, escalation
from ci_factory.work.cause import Cause, joined
from ci_factory.work.triggers import detect
from ci_factory.work.triggers.causes import cause_of, noted, unseen
from ci_factory.work.triggers.change import Change, ChangedFile
from ci_factory.work.triggers.options import WAYS

Room = Any  # tests/work/conftest.py
Made = Callable[..., Path]
CORPUS = Path(__file__).parents[1] / "data" / "escalation"
CONFIG = Config()


@cache
def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((CORPUS / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def ticket(case: dict[str, Any]) -> Ticket:
    criteria = tuple(case.get("criteria", ("It does what the title says",)))
    return Ticket(id="T-1", title=case["title"], body=case["body"], acceptance_criteria=criteria)


def change(case: dict[str, Any]) -> Change:
    base: dict[str, str] = case.get("base", {})
    files = tuple(
        ChangedFile(path, base.get(path), text, new=path not in base, gone=text is None)
        for path, text in case.get("change", {}).items()
    )
    kept = {path: text for path, text in base.items() if path not in case.get("change", {})}
    return Change(files, frozenset(base), kept)


def causes(case: dict[str, Any]) -> Cause | None:
    """What ticket, documents and change give away, by the rules alone."""
    candidate = Candidate(
        ticket=ticket(case),
        readiness=Readiness(ready=True),
        estimate=Estimate(complexity=Size.SMALL, files=()),
        risk=Risk(level=RiskLevel.LOW),
    )
    found = [escalation.from_ticket(candidate, (), CONFIG)]
    if "comprehension" in case:
        document = Comprehension.model_validate(case["comprehension"])
        questions = checkpoints.blocking_questions(document)
        found.append(escalation.from_comprehension(questions) if questions else None)
    if "plan" in case:
        found.append(escalation.from_plan(Plan.model_validate(case["plan"]), CONFIG))
    found.append(cause_of(detect.in_change(change(case)), "the change", CONFIG))
    return joined(found)


def triggers(case: dict[str, Any]) -> list[str]:
    found = causes(case)
    return [each.trigger.value for each in found.every] if found else []


SEEN = [case for case in cases("must") if case["seen"] != "behaviour"]


@pytest.mark.parametrize("case", SEEN, ids=lambda case: case["name"])
def test_what_is_a_persons_to_decide_is_seen(case: dict[str, Any]) -> None:
    """Each kind of trigger is told from the ticket, a document or the change, and by its right name."""
    assert triggers(case) == [case["trigger"]]


@pytest.mark.parametrize("case", cases("must_not"), ids=lambda case: case["name"])
def test_nobody_is_asked_for_nothing(case: dict[str, Any]) -> None:
    """Clear bug fixes, documentation, tests, style and patch updates go through."""
    assert triggers(case) == []


@pytest.mark.parametrize("case", cases("held_out"), ids=lambda case: case["name"])
def test_what_was_held_out_is_told_too(case: dict[str, Any]) -> None:
    """Tickets in other words, which no rule was made for."""
    assert triggers(case) == ([case["trigger"]] if case["trigger"] else [])


def work(case: dict[str, Any], room: Room, new_repo: Made, **given: Any) -> Attempt:
    """Let an agent that does what the case says work on it, in a repository of its own."""
    base = {"README.md": "# Shop\n", "app.py": "def greet():\n    return 'Hello'\n", **case.get("base", {})}
    origin = Git.open(new_repo(base, "case"))
    room.hub = Git(room.root / "case.git")
    room.hub.init_hub(origin)
    room.base = origin.resolve("HEAD")
    size = Size(case.get("size", "small"))
    fields = ticket(case).model_dump(exclude={"id"}, exclude_unset=True)
    planned = room.planned(size=size, **fields, **given)
    fails = lambda _: room.gate(GateStatus.FAIL)  # noqa: E731 - a judge in one word
    judge = fails if case.get("gate") == "fail" else None
    config = Config(retries=RetryConfig(limit=0))
    found: Attempt = room.work(planned, agent=player(case), judge=judge, config=config)
    return found


def player(case: dict[str, Any]) -> AgentConfig:
    """An agent that writes the case's documents and its change."""
    writes = [
        f"mkdir -p {shlex.quote(str(Path(name).parent))}; printf %s {shlex.quote(text)} > {shlex.quote(name)}"
        for name, text in case.get("change", {}).items()
    ]
    lines = [f'if [ "$CI_FACTORY_PHASE" = implement ]; then {"; ".join(writes)}; fi'] if writes else ["true"]
    lines += [
        f'echo {shlex.quote(json.dumps(document(case, name)))} > "$CI_FACTORY_OUT/{name}.json"'
        for name in ("comprehension", "plan", "escalation")
        if name in case
    ]
    return AgentConfig(name="one", adapter="command", command="; ".join(lines), plans="comprehension" in case)


def document(case: dict[str, Any], name: str) -> dict[str, Any]:
    """As the case has it; a comprehension answers the criteria."""
    answered = [{"criterion": each, "how": "so"} for each in ticket(case).acceptance_criteria]
    return {**({"criteria": answered} if name == "comprehension" else {}), **case[name]}


WHERE = {"ticket": {"C0"}, "document": {"C0", "C1"}, "change": {"C2"}, "behaviour": {"C2"}}


@pytest.mark.parametrize("case", cases("must"), ids=lambda case: case["name"])
def test_the_work_stops_where_a_person_decides(case: dict[str, Any], room: Room, new_repo: Made) -> None:
    """Twenty of twenty, each at the checkpoint at which it shows, with at least two ways out and what they cost."""
    attempt = work(case, room, new_repo)
    assert attempt.ending is Ending.ESCALATED
    assert attempt.escalation is not None
    assert [each.trigger.value for each in attempt.escalation.matters] == [case["trigger"]]
    assert attempt.checkpoints[-1].name in WHERE[case["seen"]]
    assert (attempt.runs == ()) is (case["seen"] == "ticket")
    options = attempt.escalation.options
    assert len(options) >= 2
    assert all(option.pros or option.cons for option in options)
    if case["seen"] == "change":
        assert attempt.head is not None
        assert f"{attempt.escalation.files[0]}:" in attempt.escalation.summary


@pytest.mark.parametrize("case", cases("must_not")[:20:4], ids=lambda case: case["name"])
def test_the_work_goes_on_where_nobody_decides(case: dict[str, Any], room: Room, new_repo: Made) -> None:
    """The same road with nothing in the way; the others of the twenty are judged by the rules alone."""
    assert work(case, room, new_repo).ending is Ending.COMPLETED


DEPENDENCY = next(case for case in cases("must") if case["name"] == "a dependency that only the change shows")


@pytest.mark.parametrize(
    ("agreed", "ending"),
    [
        (Agreed(trigger="architecture", files=("package.json",)), Ending.COMPLETED),
        (Agreed(trigger="architecture"), Ending.COMPLETED),
        (Agreed(trigger="any"), Ending.COMPLETED),
        (Agreed(trigger="architecture", files=("other/package.json",)), Ending.ESCALATED),
        (Agreed(trigger="architecture", words_only=True), Ending.ESCALATED),
        (Agreed(trigger="security"), Ending.ESCALATED),
    ],
)
def test_a_yes_covers_what_it_was_asked_about(
    agreed: Agreed, ending: Ending, room: Room, new_repo: Made
) -> None:
    """The same trigger on the same files goes through; another one is asked about, and the first yes is kept."""
    case = DEPENDENCY
    room_planned = room.planned

    def planned(**fields: Any) -> Any:
        made = room_planned(**fields)
        return made.model_copy(update={"candidate": made.candidate.model_copy(update={"agreed": (agreed,)})})

    room.planned = planned
    attempt = work(case, room, new_repo)
    assert attempt.ending is ending
    if attempt.escalation is not None:
        assert attempt.escalation.agreed == (agreed,)
    else:
        judged = next(each for each in attempt.checkpoints if each.name is CheckpointName.C2)
        assert any(note.startswith("agreed by a person: the change adds") for note in judged.notes)


@pytest.mark.parametrize(("mode", "asked", "told"), [("ask", 1, 0), ("note", 0, 1), ("off", 0, 0)])
def test_each_trigger_is_configured(mode: str, asked: int, told: int) -> None:
    """`ask` stops, `note` tells, `off` does neither."""
    config = Config.model_validate({"escalation": {"triggers": {"architecture": mode}}})
    signals = detect.in_change(change(DEPENDENCY))
    found = cause_of(signals, "the change", config)
    assert (len(found.every) if found else 0, len(noted(signals, config))) == (asked, told)


def test_several_decisions_are_one_question() -> None:
    """What a change leaves to people stands together, each trigger once, each with its own files."""
    parts = [change(case).files for case in cases("must") if case["seen"] == "change"]
    found = cause_of(detect.in_change(Change(sum(parts, ()))), "the change", CONFIG)
    assert found is not None
    assert [each.trigger for each in found.every] == [
        Trigger.ARCHITECTURE, Trigger.SECURITY, Trigger.DATA, Trigger.COMPATIBILITY,
    ]  # fmt: skip
    assert set(found.every[1].files) == {"shop/views.py", "shop/covers.py"}


def test_without_griffe_nothing_is_taken_for_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be looked into is said, and not passed over."""
    monkeypatch.setitem(sys.modules, "griffe", None)
    (case,) = (each for each in cases("must") if each["name"] == "a public function that is gone")
    assert "griffe is not installed" in unseen(change(case))[0]
    assert detect.in_change(change(case)) == ()


WORDS = st.sampled_from(
    [
        "add",
        "encrypt",
        "the",
        "a",
        "column",
        "to",
        "users",
        "table",
        "without",
        "new",
        "dependency",
        "-",
        "`",
        "``",
        "[",
        "](",
        '"',
        "(",
        ",",
        "drop",
        "either",
        "or",
        "?",
        "TBD",
        "from",
        "1.2",
        "to",
        "2.0",
        "password",
        "button",
        "migrate",
        "data",
        "```\n~~~\n>",
        "-",
        "<!--",
        "-->",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=80).map(" ".join)))
def test_any_ticket_is_read(text: str) -> None:
    """Whatever a stranger writes, the rules say something or nothing, and do not fail."""
    made = Ticket(
        id="T-1",
        title=text.replace("\n", " ")[:200].strip() or "x",
        body=text,
        acceptance_criteria=(text or "x",),
    )
    assert all(each.kind in WAYS for each in detect.in_ticket(made))


@pytest.mark.parametrize(
    "unit", ["add ", "-", "`", "[", "add a-b/c' ", "encrypt, ", "either or ", "a? ", "“", "1. "]
)
def test_a_long_ticket_takes_no_long_time(unit: str) -> None:
    """A body made to be slow to read is read like any other: seconds at most for what takes milliseconds."""
    made = Ticket(id="T-1", title="x", body=unit * (100_000 // len(unit)), acceptance_criteria=("x",))
    clock = process.Stopwatch()
    detect.in_ticket(made)
    assert clock.seconds() < 5


NAMES = st.sampled_from(
    [
        "a.py",
        "auth.py",
        "web/app.ts",
        "package.json",
        "Cargo.toml",
        "compose.yml",
        "defaults.yaml",
        "x.sql",
        "m.tf",
        "Procfile",
    ]
)


@settings(max_examples=60, deadline=None)
@given(NAMES, st.none() | st.text(max_size=200), st.none() | st.text(max_size=200))
def test_any_change_is_looked_into(name: str, before: str | None, after: str | None) -> None:
    """Broken files, empty files, no files: the detectors say something or nothing, and do not fail."""
    file = ChangedFile(name, before, after, new=before is None, gone=after is None)
    assert all(each.kind in WAYS for each in detect.in_change(Change((file,))))


def asked_in(sentence: str) -> list[str]:
    made = Ticket(id="T-1", title="Some change", body=sentence, acceptance_criteria=("It does what it says",))
    return [each.trigger.value for each in detect.in_ticket(made)]


def test_sentences_ask_for_what_they_say() -> None:
    """One sentence each: what it asks for comes first among what is seen, and much asks for nothing."""
    known: dict[str, Any] = yaml.safe_load((CORPUS / "sentences.yml").read_text(encoding="utf-8"))
    assert {text: asked_in(text)[:1] for text in known["asks"]} == {
        text: [kind] for text, kind in known["asks"].items()
    }
    assert {text: asked_in(text) for text in known["asks_nothing"] if asked_in(text)} == {}


@pytest.mark.parametrize(
    ("path", "before", "after", "kinds"),
    [
        ("go.mod", "module x\n", "module x\n\nrequire github.com/gin-gonic/gin v1.9.1\n", ["new-dependency"]),
        ("build.gradle", "", "dependencies {\n  implementation 'g:a:1.0'\n}\n", ["new-dependency"]),
        ("Gemfile", "gem 'a'\n", "gem 'a'\ngem 'b'\n", ["new-dependency"]),
        (
            "package.json",
            '{"dependencies":{"a":"^1.2.0"}}',
            '{"dependencies":{"a":"^2.0.0"}}',
            ["major-upgrade"],
        ),
        ("package.json", '{"dependencies":{"a":"^1.2.0"}}', '{"dependencies":{"a":"^1.3.0"}}', []),
        ("infra/main.tf", "", 'resource "aws_sqs_queue" "q" {\n}\n', ["new-service"]),
        ("deploy/w.yaml", None, "kind: Deployment\n", ["new-service"]),
        ("client.go", "c := &tls.Config{}\n", "c := &tls.Config{InsecureSkipVerify: true}\n", ["crypto"]),
        (
            "src/index.ts",
            "export function a() {}\nexport const b = 1;\n",
            "export function a() {}\n",
            ["public-api"],
        ),
        ("db/migrate/1_x.rb", None, "class X\nend\n", ["migration"]),
        ("shop/auth.py", "def f(a):\n    return a\n", 'def f(a):\n    """Who."""\n    return a\n', []),
        ("shop/auth.py", "def f(a):\n    return a.ok\n", "def f(a):\n    return True\n", ["access"]),
        ("shop/u.py", "def f(u):\n    pass\n", "def f(u):\n    logger.info('%s', u.email)\n", ["personal"]),
        (
            "setup.cfg",
            "[options]\npython_requires = >=3.8\n",
            "[options]\npython_requires = >=3.10\n",
            ["support"],
        ),
        ("tests/test_x.py", "x = 1\n", "@login_required\ndef f(): jwt.decode(x)\n", []),
        (".env", None, "A=1\n", ["secrets"]),
    ],
)
def test_changes_in_many_languages(path: str, before: str | None, after: str, kinds: list[str]) -> None:
    """Each by the file's own words."""
    signals = detect.in_change(Change((ChangedFile(path, before, after, new=before is None),)))
    assert [each.kind for each in signals] == kinds
