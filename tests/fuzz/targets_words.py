"""What people and strangers write: tickets, notes, replies, commit messages, owners, settings."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ci_factory import config
from ci_factory.adoption import components, yaml_text
from ci_factory.adoption.components import Kind, Source
from ci_factory.adoption.pipeline_file import Wish, adopt
from ci_factory.errors import TicketError
from ci_factory.forge import front_matter, ticket_text
from ci_factory.forge.ticket_files import read_tickets, to_ticket
from ci_factory.intake.assess import assess
from ci_factory.metrics import alert_note, naming
from ci_factory.metrics.audit import anchors
from ci_factory.metrics.merge_requests import score_block
from ci_factory.model import block, globs, protected, reset_times, trailers
from ci_factory.model.forge import Note, NoteTarget, Role
from ci_factory.model.redaction import redact
from ci_factory.model.text import escape_markdown, hidden_characters, listed, plain, plain_lines
from ci_factory.planning.simulation import assumptions
from ci_factory.publishing import answers, earlier_work, names, paths, sanitise, work_notes
from ci_factory.publishing.replies import parts
from ci_factory.review import codeowners
from ci_factory.work.agents import autofix_block, python_version
from ci_factory.work.triggers import detect
from tests.fuzz.scratch import scratch
from tests.fuzz.target import Target, pieces, text, texts

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
_TREE = frozenset({"src/app/login.py", "src/app/__init__.py", "tests/test_login.py", "README.md", "go.mod"})
_MARKDOWN = (
    "# ", "- [ ] ", "- ", "1. ", "`", "```\n", "~~~", "<!-- ", "-->", "[a](", "![", "<a href=", "|", "*", "_", "&#x", "\\", "> ",
    "@all ", "#1 ", "!2 ", "/merge\n", "https://a.b/", "www.", "closes #", ":a:", "\u200b", "\u202e", "\U000e0041", "\x1b[1m",
    "\x1b]8;;", "section_start:", "Acceptance criteria\n", "Depends on #", "src/app/login.py ", "and ", "or ", "a.", "?", "(", "\t", " ",
)  # fmt: skip
_YAML = (
    "[", "a: ", "- ", "{", "&a ", "*a ", "!!int ", "!!timestamp ", "!!binary ", "!!python/object:a ", "2001-02-30", "0x", "? ", "|\n",
    "'", '"', "#", "---\n", "...\n", "<<: ", "1_", ".inf", "  ", "\t", "%YAML ",
)  # fmt: skip
_SAID = ("1a, ", "2: ", "1", "option ", "all ", "but ", "#1 ", "\n> ", "<!--", "-->", ".", "–", " and ", "\t")


def _note(number: int, body: str, author: str = "factory") -> Note:
    at = NOW + timedelta(minutes=number)
    return Note(
        id=number + 1,
        target=NoteTarget.ISSUE,
        target_id="1",
        author=author,
        body=body,
        created_at=at,
        updated_at=at,
    )


def _markdown(data: bytes) -> None:
    told = text(data)
    for made in (plain(told, 200), escape_markdown(told, limit=200), sanitise.inline(told, hosts=("a.b",))):
        made.encode()
    plain_lines(told)
    hidden_characters(told)
    for line in sanitise.fenced(told):
        line.encode()
    sanitise.code(told)
    sanitise.title(told)
    sanitise.label(told)
    sanitise.commit_line(told)
    redact(told, ("canary-secret",))


def _hidden_blocks(data: bytes) -> None:
    note = _note(0, text(data))
    block.read(note.body, "score")
    score_block([note], author="factory", ticket_id="1")
    work_notes.told([note], ours="factory", ticket_id="1")
    earlier_work.read([note], ours="factory")
    alert_note.state_of(note.body)
    anchors.read([note], ours="factory")


def _answer(data: bytes) -> None:
    asked_by, *said = texts(data, 4)
    notes = [
        _note(0, asked_by),
        *(_note(number, body, "alice") for number, body in enumerate(said, 1) if body),
    ]
    asked = answers.question(notes, ours="factory")
    if asked is None:
        parts(said, (3, 2, 0))
        return
    given = answers.answer(notes, asked, {"alice": Role.DEVELOPER}, least=Role.DEVELOPER, ours="factory")
    answers.agreed(asked, given)
    if given:
        answers.by_hand(asked, given)
        answers.decision(asked, given)


def _ticket(data: bytes) -> None:
    title, body = texts(data, 2)
    ticket = to_ticket({"id": "7", "title": title or "a"}, body)
    assess(ticket, tree=_TREE, known={"1": True}, config=config.Config(), now=NOW)
    detect.in_ticket(ticket)
    names.branch(ticket)
    names.subject(ticket)
    naming.mentions(body, "group/name", "gitlab.example.com")


def _ticket_words(data: bytes) -> None:
    told = text(data)
    ticket_text.sections(told)
    ticket_text.dependencies(told)
    ticket_text.first_heading(told)
    ticket_text.printable(told).encode()


def _front_matter(data: bytes) -> None:
    head, _ = front_matter.split(text(data))
    if head is not None:
        front_matter.parse(head)


def _ticket_file(suffix: str, data: bytes) -> None:
    with scratch() as folder:
        file = folder / f"ticket{suffix}"
        file.write_bytes(data)
        read_tickets(file)


def _autofix(data: bytes) -> None:
    autofix_block.parse(text(data))


def _reset(data: bytes) -> None:
    said, *headers = texts(data, 4)
    for zone in (UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Los_Angeles")):
        reset_times.from_words(said, NOW, zone)
    named = ("Retry-After", "x-ratelimit-reset-requests", "retry-after-ms")
    reset_times.from_headers(dict(zip(named, headers, strict=True)), NOW)


def _message(data: bytes) -> None:
    told = text(data)
    trailers.read(told)
    trailers.generation(told)
    names.is_of_ticket(told, "1")
    naming.reverts(told, "group/name")
    naming.mends(told, "group/name")
    naming.closes(told)


def _owners(data: bytes) -> None:
    rules = codeowners.parse(text(data))
    for path in ("src/app/login.py", "a" * 60, "a/" * 20 + "b"):
        rules.owners(path)


def _glob(data: bytes) -> None:
    for raw in texts(data, 3):
        pattern = globs.clean(raw)
        if pattern:
            globs.parse(pattern)
            for path in ("src/app/login.py", "a" * 200, "a/" * 100 + "b"):
                globs.touches(pattern, path)


def _path(data: bytes) -> None:
    first, second = (piece.decode("utf-8", "surrogateescape") for piece in pieces(data, 2))
    paths.unsafe(first)
    if not paths.endless(first + second):
        paths.git_name(first)
        list(paths.collisions([first], [second, "src/app/login.py"]))


def _branch(data: bytes) -> None:
    names.safe_branch(text(data), protected=("release",))


def _settings(data: bytes) -> None:
    for _ in config.values_with_origin(text(data)[: config.MAX_BYTES], "the file"):
        pass


def _pipeline(data: bytes) -> None:
    told = text(data)
    protected.local_includes(told)
    components.included(yaml_text.parse(told, "the file"), "group/factory")
    adopt(told, Wish(1, Source(Kind.COMPONENT, "group/factory", "1.0.0")), lambda _path: None)


def _python_asked(data: bytes) -> None:
    python_version.supported_python(*texts(data, 2))


TARGETS = (
    Target("markdown", _markdown, ("model.text", "model.redaction", "publishing.sanitise"), _MARKDOWN),
    Target(
        "hidden-blocks",
        _hidden_blocks,
        ("model.block", "metrics.merge_requests", "publishing.work_notes", "publishing.earlier_work", "metrics.alert_note",
         "metrics.audit.anchors"),
        ("<!-- ci-factory:v1:score {", "} -->", '"a":', "[", "{", "\\u003c", "<!-- ", "1e999"),
    ),
    Target("answers", _answer, ("publishing.answers", "publishing.replies"), _SAID),
    Target("ticket", _ticket, ("intake.assess", "intake.sections", "work.triggers.wording", "metrics.naming"), _MARKDOWN),
    Target("ticket-words", _ticket_words, ("forge.ticket_text",), _MARKDOWN),
    Target("ticket-front-matter", _front_matter, ("forge.front_matter",), _YAML, (TicketError,)),
    Target("ticket-markdown", lambda data: _ticket_file(".md", data), ("forge.ticket_files",), ("---\nid: 1\n---\n", *_MARKDOWN)),
    Target("ticket-jsonl", lambda data: _ticket_file(".jsonl", data), ("forge.ticket_files",), ('{"id":"1"}\n', '{"a":', "[", "\\ud800")),
    Target("ticket-autofix", _autofix, ("work.agents.autofix_block",), ("```ci-factory-autofix\n", "```\n", *_YAML)),
    Target("input-list", lambda data: listed(text(data)), ("model.text",), ("[", '"a",', "1,", "{")),
    Target("reset-times", _reset, ("model.reset_times",), ("resets ", "retry after ", "in ", "1h ", "Jan 1, 0001 ", "at 3pm ", "(Asia/Tokyo)", "9", ":")),
    Target("commit-message", _message, ("model.trailers", "metrics.naming"), ("This reverts commit ", "Generation-ID: a/1\n", "!1 ", "#1,", "fixes ", "a/b!1 ")),
    Target("codeowners", _owners, ("review.codeowners", "model.globs"), ("[a] ", "^[", "@a ", "* ", "**/", "\\ ", "!a ", "[!a]", "?", "a@b.c ")),
    Target("globs", _glob, ("model.globs",), ("*", "**/", "?", "[a-", "[!", "]", "a/", "\\")),
    Target("paths", _path, ("publishing.paths",), ("/", "..", ".git", "\u200d", "\u0430", "a", ".", " ", "con", "~1")),
    Target("branch", _branch, ("publishing.names",), ("/", "-", ".lock", "a", "..", "@{")),
    Target("settings", _settings, ("config",), (*_YAML, "gates:\n", "agents:\n", "prices: {input: {")),
    Target("assumptions", lambda data: assumptions.parse(text(data), "the file"), ("planning.simulation.assumptions",), _YAML),
    Target("pipeline", _pipeline, ("model.protected", "adoption.yaml_text", "adoption.components", "adoption.pipeline_file"),
           ("include:\n", "- local: a\n", "component: ", "!reference [", "stages: [", *_YAML)),
    Target("python-version", _python_asked, ("work.agents.python_version",), ("[project]\n", "requires-python = '", ">=3.", "a.", "[[a]]\n", "[a.b]\n", "a = [", "9", "0x")),
)  # fmt: skip
