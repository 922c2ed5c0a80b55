"""`ci-factory ticket`: tickets of the embedded forge, added, read and answered by a person."""

from pathlib import Path
from typing import Any, BinaryIO

import click

from ci_factory.cli import common, embedded, from_findings
from ci_factory.errors import TicketError, UsageError
from ci_factory.forge.local import LocalForge
from ci_factory.forge.ticket_files import MAX_BYTES, to_ticket, with_ready_label
from ci_factory.model.forge import Issue, NoteTarget
from ci_factory.model.ticket import Priority, Size


@click.group(
    name="ticket",
    epilog='Example: ci-factory ticket add --title "Say hello in French" --criterion "hello(\'fr\') is Bonjour"',
)
def command() -> None:
    """Add, list and answer tickets of the embedded forge."""


command.add_command(from_findings.command)


@command.command(
    epilog='Example: ci-factory ticket add --title "Fix the typo in README.md" --complexity trivial --file README.md'
)
@common.repo_option
@embedded.person_option
@click.option("--title", required=True, help="One line.")
@click.option("--id", help="Letters, digits, `.`, `_`, `-`.  [default: the next number]")
@click.option("--body", default="", help="Markdown; sections such as `## Acceptance criteria` are read.")
@click.option("--body-file", type=click.File("rb"), help="Read the body from a file, `-` for standard input.")
@click.option("--priority", type=click.Choice([each.value for each in Priority]), help="How much it matters.")
@click.option("--complexity", type=click.Choice([each.value for each in Size]), help="How large it is.")
@click.option("--file", "files", multiple=True, help="A path or glob that it will touch; may be repeated.")
@click.option("--depends-on", multiple=True, help="Id of a ticket that must come first; may be repeated.")
@click.option(
    "--criterion", "acceptance_criteria", multiple=True, help="Acceptance criterion; may be repeated."
)
@click.option("--test-case", "test_cases", multiple=True, help="Test case; may be repeated.")
@click.option(
    "--label", "labels", multiple=True, help="Label; may be repeated.  [default: the one that means ready]"
)
@click.option("--due", help="Date (its end in UTC) or moment, ISO 8601.")
@common.json_option
def add(repo: Path, person: str | None, *, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click's values
    """Add a ticket."""
    body = _body(given.pop("body"), given.pop("body_file"))
    fields = {
        name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value
    }
    with embedded.as_person(repo, person) as forge:
        ready = forge.label_names.ready
        issue = forge.create_ticket(
            lambda free: with_ready_label(to_ticket({"id": free} | fields, body), ready)
        )
    if as_json:
        common.print_json(issue.model_dump(mode="json"))
    else:
        click.echo(f"ticket {issue.ticket.id} added ({', '.join(issue.ticket.labels)})")


@command.command(name="list", epilog="Example: ci-factory ticket list --all")
@common.repo_option
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@click.option("--label", "labels", multiple=True, help="Only those that carry it; may be repeated.")
@common.json_option
def list_tickets(repo: Path, *, everything: bool, labels: tuple[str, ...], as_json: bool) -> None:
    """List tickets, in order of creation."""
    with embedded.as_reader(repo) as forge:
        issues = forge.issues(labels=labels, opened_only=not everything)
    if as_json:
        common.print_json([issue.model_dump(mode="json") for issue in issues])
    elif issues:
        embedded.print_table(
            ("id", "state", "priority", "size", "labels", "title"), [_row(issue) for issue in issues]
        )
    else:
        click.echo("no tickets")


@command.command(epilog="Example: ci-factory ticket show 12")
@click.argument("ticket_id", metavar="ID")
@common.repo_option
@common.json_option
def show(ticket_id: str, repo: Path, *, as_json: bool) -> None:
    """Show a ticket, its merge requests and its notes."""
    with embedded.as_reader(repo) as forge:
        if as_json:
            common.print_json(_as_data(forge, ticket_id))
        else:
            _show(forge, ticket_id)


@command.command(epilog="Example: ci-factory ticket label 12 --add factory::hold --remove ready-for-agent")
@click.argument("ticket_id", metavar="ID")
@common.repo_option
@embedded.person_option
@click.option("--add", "added", multiple=True, help="Label to add; may be repeated.")
@click.option("--remove", "removed", multiple=True, help="Label to take away; may be repeated.")
@common.json_option
def label(
    ticket_id: str,
    repo: Path,
    person: str | None,
    *,
    added: tuple[str, ...],
    removed: tuple[str, ...],
    as_json: bool,
) -> None:
    """Add and remove labels of a ticket."""
    with embedded.as_person(repo, person) as forge:
        now = forge.change_labels(ticket_id, add=added, remove=removed)
    if as_json:
        common.print_json(list(now))
    else:
        embedded.print_fields({"labels": ", ".join(now) or "none"})


@command.command(epilog='Example: ci-factory ticket comment 12 "Option 1, but keep the old name working"')
@click.argument("ticket_id", metavar="ID")
@click.argument("text")
@common.repo_option
@embedded.person_option
@common.json_option
def comment(ticket_id: str, text: str, repo: Path, person: str | None, *, as_json: bool) -> None:
    """Write a note on a ticket; this is how an escalation is answered."""
    with embedded.as_person(repo, person) as forge:
        note = forge.add_note(NoteTarget.ISSUE, ticket_id, text)
    if as_json:
        common.print_json(note.model_dump(mode="json"))
    else:
        click.echo(f"note {note.id} added to ticket {ticket_id}")


def _body(text: str, file: BinaryIO | None) -> str:
    if file is None:
        return text
    if text:
        raise UsageError("a ticket has one body", where="--body-file", fix="leave --body or --body-file out")
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TicketError(f"is larger than {MAX_BYTES} bytes", where=file.name, fix="shorten it")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise TicketError("is not UTF-8", where=file.name, fix="save it as UTF-8") from error


def _row(issue: Issue) -> tuple[str, ...]:
    ticket = issue.ticket
    size = ticket.complexity.value if ticket.complexity else "-"
    return ticket.id, issue.state.value, ticket.priority.value, size, ", ".join(ticket.labels), ticket.title


def _as_data(forge: LocalForge, ticket_id: str) -> dict[str, Any]:
    issue = forge.issue(ticket_id)
    requests = forge.merge_requests(state=None, ticket_id=ticket_id)
    notes = forge.notes(NoteTarget.ISSUE, ticket_id)
    return {
        "issue": issue.model_dump(mode="json"),
        "merge_requests": [each.model_dump(mode="json") for each in requests],
        "notes": [each.model_dump(mode="json") for each in notes],
    }


def _show(forge: LocalForge, ticket_id: str) -> None:
    issue = forge.issue(ticket_id)
    ticket = issue.ticket
    requests = forge.merge_requests(state=None, ticket_id=ticket_id)
    embedded.print_fields(
        {
            "ticket": f"{ticket.id} ({issue.state.value})",
            "title": ticket.title,
            "author": ticket.author,
            "labels": ", ".join(ticket.labels),
            "priority": ticket.priority.value,
            "complexity": ticket.complexity.value if ticket.complexity else "",
            "files": ", ".join(ticket.files),
            "depends on": ", ".join(ticket.depends_on),
            "due": f"{ticket.due:%Y-%m-%d %H:%M} UTC" if ticket.due else "",
            "merge requests": ", ".join(f"!{each.iid} ({each.state.value})" for each in requests),
        }
    )
    for heading, items in (
        ("acceptance criteria", ticket.acceptance_criteria),
        ("test cases", ticket.test_cases),
    ):
        for item in items:
            embedded.print_fields({heading: item})
    if ticket.body:
        click.echo()
        embedded.print_text(ticket.body)
    embedded.print_notes(forge.notes(NoteTarget.ISSUE, ticket_id))
