"""Tickets from files: a folder of Markdown with YAML front matter, one such file, or JSON lines."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from ci_factory.errors import TicketError
from ci_factory.forge import front_matter, ticket_text
from ci_factory.model.base import Json
from ci_factory.model.suggestion import meant
from ci_factory.model.text import hidden_characters, plain
from ci_factory.model.ticket import Ticket

MAX_BYTES = 1_000_000
"""Of one Markdown file, and of one JSON line."""
MAX_LINES_BYTES = 64_000_000
"""Of a JSON-lines file."""
MAX_TICKETS = 10_000
_SHOWN = 10
_LISTS = ("files", "depends_on", "labels", "acceptance_criteria", "test_cases")
_MOMENTS = ("due", "created_at")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.DOTALL)


@dataclass(frozen=True)
class _Source:
    """Where one ticket is written, and how to read it."""

    where: str
    read: Callable[[], Ticket]


def read_tickets(path: Path) -> list[Ticket]:
    """All tickets of a folder (its *.md files, by name), of one .md file or of a .jsonl file.

    A ticket has `labels` in its `model_fields_set` only if it names labels itself; see `with_ready_label`.

    Raises:
        TicketError: something can't be read; all broken tickets are told at once.
    """
    sources = list(_sources(path))
    if len(sources) > MAX_TICKETS:
        raise TicketError(f"has more than {MAX_TICKETS} tickets", where=str(path), fix="split it")
    tickets, problems = _read_all(sources)
    problems += _duplicates(tickets)
    if problems:
        raise _together(problems, len(sources), str(path))
    return [ticket for _, ticket in tickets]


def with_ready_label(ticket: Ticket, label: str) -> Ticket:
    """The ticket, with the label if it says nothing about labels itself."""
    return ticket if "labels" in ticket.model_fields_set else ticket.model_copy(update={"labels": (label,)})


def to_ticket(fields: dict[str, Json], body: str) -> Ticket:
    """A ticket from raw fields and the text of its body; what fields leave out is taken from the body's sections.

    Raises:
        TicketError: a key or a value is wrong; `where` names the key.
    """
    values = {_known(key): _cleaned(key, value) for key, value in fields.items() if value is not None}
    given = _text_value("body", body)
    hidden = hidden_characters(f"{fields.get('title')}\n{given}")
    body = ticket_text.visible(given)
    told = ticket_text.sections(body)
    for name in ("acceptance_criteria", "test_cases", "files"):
        if name not in values and getattr(told, name):
            values[name] = getattr(told, name)
    if "title" not in values:
        values["title"] = ticket_text.first_heading(body) or ""
    try:
        return Ticket.model_validate(values | {"body": body, "hidden": hidden})
    except ValidationError as error:
        raise _explained(error) from error


def _sources(path: Path) -> Iterator[_Source]:
    if path.is_dir():
        for file in sorted(path.glob("*.md")):
            if file.is_file() and not file.name.startswith(".") and not _is_readme(file):
                yield _Source(str(file), partial(_read_markdown, file))
    elif not path.is_file():
        raise TicketError("there is no such file or folder", where=str(path), fix="pass --tickets PATH")
    elif path.suffix == ".jsonl":
        yield from _lines(path)
    elif path.suffix == ".md":
        yield _Source(str(path), partial(_read_markdown, path))
    else:
        raise TicketError(
            "is neither .md nor .jsonl",
            where=str(path),
            fix="pass a folder of .md files, one .md or one .jsonl",
        )


def _read_markdown(file: Path) -> Ticket:
    return _from_markdown(_text(file, MAX_BYTES), file.stem)


def _is_readme(file: Path) -> bool:
    """A README that explains the folder, not one that is a ticket."""
    if file.stem.casefold() != "readme":
        return False
    with file.open("rb") as stream:
        return not stream.read(8).lstrip(b"\xef\xbb\xbf").startswith(b"---")


def _lines(path: Path) -> Iterator[_Source]:
    for number, line in enumerate(_text(path, MAX_LINES_BYTES).split("\n"), start=1):
        if line.strip():
            yield _Source(f"{path}: line {number}", partial(_from_json, line))


def _text(file: Path, limit: int) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(limit + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise TicketError(f"can't be read: {error.strerror}", where=str(file)) from error
    except UnicodeDecodeError as error:
        raise TicketError(
            f"is not UTF-8 (byte {error.start})", where=str(file), fix="save it as UTF-8"
        ) from error
    if len(data) > limit:
        raise TicketError(f"is larger than {limit} bytes", where=str(file), fix="shorten it")
    if "\0" in text:
        raise TicketError("holds a NUL byte", where=str(file), fix="save it as plain text")
    return text.replace("\r\n", "\n")


def _from_markdown(text: str, stem: str) -> Ticket:
    block, body = front_matter.split(text)
    fields = front_matter.parse(block) if block is not None else {}
    if "body" in fields:
        raise TicketError("the body is the text below the front matter", where="body", fix="move it there")
    return to_ticket({"id": stem} | {key: value for key, value in fields.items() if value is not None}, body)


def _from_json(line: str) -> Ticket:
    if len(line.encode("utf-8", "replace")) > MAX_BYTES:
        raise TicketError(f"is larger than {MAX_BYTES} bytes", fix="shorten it")
    try:
        fields = json.loads(line, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise TicketError(f"is not valid JSON: {error}", fix="write one JSON object on the line") from error
    if not isinstance(fields, dict):
        raise TicketError("is not a JSON object", fix="write one JSON object on the line")
    body = fields.pop("body", None)
    return to_ticket(fields, "" if body is None else body)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _known(key: str) -> str:
    known = [name for name in Ticket.model_fields if name not in {"body", "hidden"}]
    if key not in known:
        raise TicketError(
            "unknown key", where=plain(key, 80) or repr(key), fix=meant(key, known, kind="keys")
        )
    return key


def _cleaned(key: str, value: Json) -> Json:
    """A value with its text made visible, and with the forms that people write brought to the one we keep."""
    if key in _LISTS:
        return tuple(_word(key, each) for each in (value if isinstance(value, list) else [value]))
    text = _word(key, value)
    if key in {"priority", "complexity"}:
        return text.lower()
    if key in _MOMENTS:
        return _moment(key, text)
    return " ".join(text.split()) if key == "title" else text


def _word(key: str, value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ticket_text.visible(_text_value(key, value)).strip()


def _text_value(key: str, value: Json) -> str:
    if not isinstance(value, str):
        raise TicketError("must be text", where=key, fix=f"put the value of `{key}` in quotes")
    if "\0" in value or _has_surrogates(value):
        raise TicketError("holds a NUL or half a character", where=key, fix="write plain text")
    return value


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _moment(key: str, text: str) -> str:
    if _DATE.fullmatch(text):
        return f"{text}T23:59:59Z" if key == "due" else f"{text}T00:00:00Z"
    if not _MOMENT.fullmatch(text):
        raise TicketError("is not a date", where=key, fix="write 2026-01-31 or 2026-01-31T17:00:00Z")
    return text


def _explained(error: ValidationError) -> TicketError:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else "ticket"
    if key == "title":
        return TicketError("must have 1 to 255 characters", where=key, fix="add `title:` or a `# heading`")
    if first["type"] == "string_pattern_mismatch":
        return TicketError(
            "is not a ticket id",
            where=key,
            fix="1 to 64 letters, digits, `.`, `_`, `-`; a letter or digit first",
        )
    return TicketError(first["msg"], where=key, fix=f"mend the value of `{key}`")


def _read_all(sources: list[_Source]) -> tuple[list[tuple[str, Ticket]], list[TicketError]]:
    tickets, problems = [], []
    for source in sources:
        try:
            tickets.append((source.where, source.read()))
        except TicketError as error:
            inside = "" if error.where == source.where else error.where
            where = f"{source.where}: {inside}" if inside else source.where
            problems.append(TicketError(error.what, where=where, fix=error.fix))
    return tickets, problems


def _duplicates(tickets: list[tuple[str, Ticket]]) -> list[TicketError]:
    first: dict[str, str] = {}
    problems = []
    for where, ticket in tickets:
        if ticket.id in first:
            problems.append(
                TicketError(
                    f"ticket {ticket.id} is also in {first[ticket.id]}",
                    where=where,
                    fix="give one another id",
                )
            )
        first.setdefault(ticket.id, where)
    return problems


def _together(problems: list[TicketError], total: int, where: str) -> TicketError:
    if len(problems) == 1:
        return problems[0]
    told = [
        f"  {each.where}: {each.what}" + (f" ({each.fix})" if each.fix else "") for each in problems[:_SHOWN]
    ]
    if len(problems) > _SHOWN:
        told.append(f"  and {len(problems) - _SHOWN} more")
    what = "\n".join([f"{len(problems)} problems in {total} tickets:", *told])
    return TicketError(what, where=where, fix="mend all of them, then run again; nothing was taken in")
