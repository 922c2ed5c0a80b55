"""Tickets from files: what people write is read exactly, and what is wrong is told so that it can be mended."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.errors import TicketError
from ci_factory.forge import front_matter, ticket_text
from ci_factory.forge.ticket_files import read_tickets, to_ticket, with_ready_label
from ci_factory.model.ticket import Priority, Size

Write = Callable[..., Path]

FULL = """---
id: 007
title: "Say hello: in French"
priority: High
complexity: small
files: [src/hello.py, "tests/*.py"]
depends_on: 12
labels: [ready-for-agent]
due: 2026-04-01
author: ann
acceptance_criteria:
  - hello('fr') is Bonjour
test_cases:
  - hello('fr')
---
Please do.
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write({name: text})` returns the folder."""

    def make(files: dict[str, str | bytes]) -> Path:
        folder = tmp_path / "tickets"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return folder

    return make


def error_of(path: Path) -> str:
    with pytest.raises(TicketError) as caught:
        read_tickets(path)
    return str(caught.value)


def test_every_field_can_be_given(write: Write) -> None:
    """Front matter fills the ticket; ids stay as written and a date means its end."""
    (ticket,) = read_tickets(write({"a.md": FULL}))
    assert (ticket.id, ticket.title, ticket.author) == ("007", "Say hello: in French", "ann")
    assert (ticket.priority, ticket.complexity) == (Priority.HIGH, Size.SMALL)
    assert (ticket.files, ticket.depends_on) == (("src/hello.py", "tests/*.py"), ("12",))
    assert ticket.due == datetime(2026, 4, 1, 23, 59, 59, tzinfo=UTC)
    assert ticket.acceptance_criteria == ("hello('fr') is Bonjour",)
    assert ticket.body == "Please do.\n"


def test_what_is_left_out_comes_from_name_heading_and_sections(write: Write) -> None:
    """A file without front matter is a ticket too."""
    text = """# Say hello

Some words.

## Acceptance Criteria:
- [ ] says hello
- [x] says it
  in French
1. politely

## Test cases
* hello('fr')

### Estimated files
- `src/hello.py`: the words
- docs/hello.md - the page

## Other
- not a criterion
"""
    (ticket,) = read_tickets(write({"hello-1.md": text}))
    assert (ticket.id, ticket.title) == ("hello-1", "Say hello")
    assert ticket.acceptance_criteria == ("says hello", "says it in French", "politely")
    assert ticket.test_cases == ("hello('fr')",)
    assert ticket.files == ("src/hello.py", "docs/hello.md")
    assert ticket.body == text


def test_front_matter_wins_over_sections(write: Write) -> None:
    """What is given is not added to."""
    text = "---\ntitle: T\nfiles: a.py\n---\n## Files\n- b.py\n"
    (ticket,) = read_tickets(write({"1.md": text}))
    assert ticket.files == ("a.py",)


def test_labels_that_are_left_out_can_be_told_from_none(write: Write) -> None:
    """Only a ticket that says nothing about labels gets the ready label."""
    folder = write({"1.md": "# A", "2.md": "---\nlabels: []\n---\n# B", "3.md": "---\nlabels: ui\n---\n# C"})
    labelled = [with_ready_label(ticket, "ready-for-agent").labels for ticket in read_tickets(folder)]
    assert labelled == [("ready-for-agent",), (), ("ui",)]


def test_a_folder_is_read_in_order_without_its_readme(write: Write) -> None:
    """Files come by name; a README that explains the folder, hidden files and other files are passed over."""
    folder = write(
        {
            "b.md": "# B",
            "a.md": "# A",
            "README.md": "How to write tickets",
            ".hidden.md": "# H",
            "x.txt": "no",
            "readme-2.md": "# R",
        }
    )
    (folder / "sub").mkdir()
    (folder / "sub" / "c.md").write_text("# C")
    assert [ticket.id for ticket in read_tickets(folder)] == ["a", "b", "readme-2"]
    assert [ticket.id for ticket in read_tickets(folder / "b.md")] == ["b"]
    (folder / "README.md").write_text("---\nid: r\n---\n# Improve the readme")
    assert [ticket.id for ticket in read_tickets(folder)] == ["r", "a", "b", "readme-2"]


def test_json_lines(write: Write) -> None:
    """One object a line, the same keys and the body; numbers are fine as ids; empty lines are passed over."""
    lines = [
        json.dumps(
            {"id": 1, "title": "One", "body": "## Files\n- a.py", "depends_on": [2, "3"], "due": None}
        ),
        "",
        json.dumps({"id": "b", "title": "Two", "priority": "critical", "labels": ["x"]}),
    ]
    one, two = read_tickets(write({"t.jsonl": "\n".join(lines)}) / "t.jsonl")
    assert (one.id, one.files, one.depends_on, one.due) == ("1", ("a.py",), ("2", "3"), None)
    assert (two.id, two.priority, two.labels) == ("b", Priority.CRITICAL, ("x",))


def test_windows_files_are_read_as_others(write: Write) -> None:
    """A byte order mark and CRLF make no difference."""
    folder = write({"1.md": b"\xef\xbb\xbf---\r\ntitle: T\r\n---\r\nline\r\nline\r\n"})
    (ticket,) = read_tickets(folder)
    assert (ticket.title, ticket.body) == ("T", "line\nline\n")


def test_hidden_characters_are_taken_out(write: Write) -> None:
    """Nothing stands in a ticket that a reader of the file can't see; visible text stays, umlauts and emoji too."""
    hidden = "\u200b\u202e\U000e0041\u2066\ufeff\u00ad"
    folder = write(
        {
            "1.md": f'---\ntitle: "Gr\u00fc{hidden}\u00dfe\\u200b"\nlabels: ["u{hidden}i"]\n---\nB\U0001f600\u00f6{hidden}\n',
            "t.jsonl": json.dumps({"id": "1", "title": f"T{hidden}", "body": f"{hidden}B"}),
        }
    )
    (ticket,) = read_tickets(folder)
    assert (ticket.title, ticket.labels, ticket.body) == ("Gr\u00fc\u00dfe", ("ui",), "B\U0001f600\u00f6\n")
    (ticket,) = read_tickets(folder / "t.jsonl")
    assert (ticket.title, ticket.body) == ("T", "B")


@pytest.mark.parametrize("written", ["007", "1.10", "0x1F", "1_000", "on", "2026-01-31", "1e5"])
def test_ids_and_titles_stay_as_they_were_written(write: Write, written: str) -> None:
    """YAML's guesses about numbers, dates and truth do not change a word."""
    (ticket,) = read_tickets(write({"x.md": f"---\nid: {written}\ntitle: {written}\n---\n"}))
    assert (ticket.id, ticket.title) == (written, written)


BAD = {
    "unknown key": (
        "---\ntitle: T\nprioritty: high\n---\n",
        ["prioritty: unknown key", "did you mean `priority`?"],
    ),
    "bad value": (
        "---\ntitle: T\npriority: urgent\n---\n",
        ["priority", "'low', 'medium', 'high' or 'critical'"],
    ),
    "not closed": ("---\ntitle: T\n", ["line 1", "not closed"]),
    "not yaml": ("---\ntitle: T\nfiles: [a\n---\n", ["line ", "not valid YAML"]),
    "not a mapping": ("---\n- a\n---\n", ["line 2", "mapping"]),
    "twice": ("---\ntitle: T\ntitle: U\n---\n", ["line 3", "twice"]),
    "alias": ("---\ntitle: &a T\nauthor: *a\n---\n", ["line 2", "aliases"]),
    "tag": ("---\ntitle: !!python/object/apply:os.system ['true']\n---\n", ["line 2", "tags"]),
    "nested": ("---\ntitle: T\nfiles: " + "[" * 50_000 + "\n---\n", ["line 3"]),
    "list as text": ("---\ntitle: [a, b]\n---\n", ["title: must be text"]),
    "mapping in list": ("---\ntitle: T\nfiles: [{a: b}]\n---\n", ["files: must be text"]),
    "no title": ("nothing here\n", ["title", "add `title:` or a `# heading`"]),
    "long title": ("---\ntitle: " + "x" * 256 + "\n---\n", ["title"]),
    "bad id": ("---\nid: ../x\ntitle: T\n---\n", ["id: is not a ticket id"]),
    "bad dependency": ("---\ntitle: T\ndepends_on: 1, 2\n---\n", ["depends_on: is not a ticket id"]),
    "bad date": ("---\ntitle: T\ndue: tomorrow\n---\n", ["due: is not a date", "2026-01-31"]),
    "number as date": ("---\ntitle: T\ndue: 20260131\n---\n", ["due: is not a date"]),
    "impossible date": ("---\ntitle: T\ndue: 2026-02-31\n---\n", ["due"]),
    "body as key": ("---\ntitle: T\nbody: B\n---\n", ["body: the body is the text below"]),
    "second document": ("---\ntitle: T\n--- x\n---\n", ["line "]),
    "not utf-8": (b"# T\n\xff\xfe", ["not UTF-8"]),
    "nul": (b"# T\n\0", ["NUL"]),
    "too large": ("# T\n" + "x" * 1_000_001, ["larger than 1000000 bytes"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_file_is_told_with_place_and_fix(write: Write, name: str) -> None:
    """The message names the file, the line or key, and no exception but ours comes out."""
    text, expected = BAD[name]
    folder = write({"1.md": text})
    message = error_of(folder)
    assert str(folder / "1.md") in message
    assert [part for part in expected if part not in message] == []
    assert "fix: " in message


BAD_LINES = {
    "not json": ("{", "not valid JSON"),
    "not an object": ("[1]", "not a JSON object"),
    "no id": ('{"title": "T"}', "id"),
    "truth as id": ('{"id": true, "title": "T"}', "id: must be text"),
    "fraction as id": ('{"id": 1.5, "title": "T"}', "id: must be text"),
    "key twice": ('{"id": "1", "id": "2", "title": "T"}', "twice"),
    "nan": ('{"id": "1", "title": "T", "due": NaN}', "NaN is not JSON"),
    "half a character": ('{"id": "1", "title": "\\ud800"}', "title: holds a NUL or half"),
    "nul in body": ('{"id": "1", "title": "T", "body": "\\u0000"}', "body: holds a NUL"),
    "body is a list": ('{"id": "1", "title": "T", "body": []}', "body: must be text"),
    "deep": ("[" * 200_000, "not valid JSON"),
    "unknown key": ('{"id": "1", "title": "T", "descrption": "x"}', "descrption: unknown key"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_broken_line_is_told_with_its_number(write: Write, name: str) -> None:
    """The message names the file, the line and what is wrong."""
    text, expected = BAD_LINES[name]
    file = write({"t.jsonl": f'{{"id": "ok", "title": "T"}}\n{text}\n'}) / "t.jsonl"
    message = error_of(file)
    assert f"{file}: line 2" in message
    assert expected in message


def test_all_broken_tickets_are_told_at_once(write: Write) -> None:
    """People mend everything in one go; beyond ten the rest is counted."""
    folder = write({f"{number:02}.md": "---\nfoo: 1\n---\n# T" for number in range(12)} | {"ok.md": "# T"})
    message = error_of(folder)
    assert "12 problems in 13 tickets" in message
    assert all(f"{number:02}.md" in message for number in range(10))
    assert "11.md" not in message
    assert "and 2 more" in message


def test_an_id_twice_names_both_files(write: Write) -> None:
    """Double delivery begins with double ids."""
    folder = write({"a.md": "---\nid: 5\n---\n# A", "b.md": "---\nid: '5'\n---\n# B"})
    message = error_of(folder)
    assert "ticket 5 is also in" in message
    assert str(folder / "a.md") in message
    assert str(folder / "b.md") in message


def test_wrong_paths_are_told(write: Write, tmp_path: Path) -> None:
    """Missing paths and other kinds of files have their own words; an empty folder is an empty queue."""
    assert "no such file" in error_of(tmp_path / "nowhere")
    assert "neither .md nor .jsonl" in error_of(write({"t.txt": "x"}) / "t.txt")
    (tmp_path / "empty").mkdir()
    assert read_tickets(tmp_path / "empty") == []


def test_too_many_tickets_are_refused(write: Write) -> None:
    """Ten thousand is the bound."""
    lines = "\n".join(f'{{"id": "{number}", "title": "T"}}' for number in range(10_001))
    assert "more than 10000 tickets" in error_of(write({"t.jsonl": lines}) / "t.jsonl")


# The text itself


def test_code_and_comments_are_no_sections() -> None:
    """What a reader does not see as a list is none."""
    body = "## Acceptance criteria\n- real\n```\n- in code\n## Files\n```\n<!--\n- hidden\n-->\n~~~~\n```\n- x\n~~~~\n- too\n"
    assert ticket_text.sections(body).acceptance_criteria == ("real", "too")
    assert ticket_text.first_heading("```\n# no\n```\n<!-- # nor this -->\n# yes #") == "yes"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("#- *`~[]x1.\n\t abFiles<!->"), max_size=200))
def test_any_body_can_be_read(body: str) -> None:
    """Sections are found or not, but no text breaks the reading, and every item is a line's own words."""
    told = ticket_text.sections("## Acceptance criteria\n" + body)
    assert all(item.strip() == item and item for item in told.acceptance_criteria)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_any_front_matter_is_read_or_refused(text: str) -> None:
    """Every input ends in a mapping of text or in our own error."""
    try:
        found = front_matter.parse(text)
    except TicketError:
        return
    assert all(isinstance(key, str) for key in found)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8), max_size=4),
    st.text(),
)
def test_any_fields_make_a_ticket_or_our_error(fields: dict[str, Any], body: str) -> None:
    """Whatever the fields hold, the answer is a valid ticket or one clear error."""
    try:
        ticket = to_ticket({"id": "1", "title": "T"} | fields, body)
    except TicketError:
        return
    assert ticket.model_validate(ticket.model_dump()) == ticket


def test_printable_text_moves_no_cursor() -> None:
    """Escape sequences, carriage returns and log sections go; indentation stays."""
    text = "\x1b[2J\x1b]0;title\x07a\rb\n\tc\x9b31m\u202ed section_start:1:x\x00\n  +e"
    assert ticket_text.printable(text) == "ab\n\tc31md 1:x\n  +e"


def test_what_was_taken_out_is_told(write: Write) -> None:
    """A ticket that hid something says so, as instructions to an agent may have stood there."""
    (ticket,) = read_tickets(write({"1.md": "---\ntitle: T\n---\nplain\U000e0041 text\u202e\n"}))
    assert ticket.hidden == ("bidirectional control", "tag")
