"""Everything untrusted that reaches a note, a description, a title, a label, a branch or a commit goes through here. Pure.

Text is shown as it was written and means nothing: no Markdown, HTML, quick action, mention, reference, closing word or
link is left of it. Only what can't be seen, addresses of hosts that nobody listed, and secrets are taken out. The escapes
themselves, which other rooms need too, are in `ci_factory.model.text`.
"""

import re
import urllib.parse
from collections.abc import Collection, Sequence

from ci_factory.model.redaction import redact
from ci_factory.model.text import BREAK, break_closing, break_references, escape_line, plain, plain_lines

INLINE_LIMIT = 500
FENCED_LIMIT = 20_000
"""Characters of a fenced text; a note shows people what it is about, the whole is with the batch."""
NO_LINK = "(link removed)"
_TITLE_LIMIT = 200
_TITLE_LENGTH = 230
"""With breaks; 255 is the most that GitLab takes, and the ticket's number and `Draft: ` come on top."""
_LABEL_LENGTH = 100
_LINK = re.compile(
    r"!?\[(?P<text>[^\[\]]{0,1000})\]\(\s{0,9}<?(?P<address>(?:[a-zA-Z][a-zA-Z0-9+.-]{0,30}:|//|www\.)[^()]{0,2000})\)"
)
_ADDRESS = re.compile(
    r"(?:(?:[a-zA-Z][a-zA-Z0-9+.-]{0,30})?://|(?<![\w:/])//(?=[\w-]+(?:\.[\w-]+)+)|(?<![\w.])[wW]{3}\.)[^\s<>\"'`]+"
)
_HARMLESS_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#!$&()*+,;=%\[\]-]+")
_TRAILING = ".,;:!?)]*_~"
_DRAFT = re.compile(r"[\s*]*(?:\[draft\]|\(draft\)|draft\s?:|draft\s-\s|\[wip\]|wip\s?:)\s*", re.IGNORECASE)
_BACKTICKS = re.compile(r"`+")
_SLASH = re.compile(r"^(\s*)/")
_SIGN_IN_COMMIT = re.compile(r"(?<!\w)@|[#!&$](?=\d)|[~%](?=[\w\"])|[\[\]]|\^(?=alert)")
_KEY_IN_COMMIT = re.compile(r"\b([A-Z][A-Z0-9_]{1,20})-(?=\d)")
_CLOSING_IN_COMMIT = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):?\s+(?:issues?\s+)?[A-Z][A-Z0-9_]*-\d",
    re.IGNORECASE,
)
_FIRST_PRIVATE, _LAST_PRIVATE = 0xE000, 0xF8FF
_Hosts = Collection[str]


def inline(text: str, *, limit: int = INLINE_LIMIT, hosts: _Hosts = ()) -> str:
    """One line that Markdown, HTML and quick actions can't reach; addresses stay, as links, only if their host is listed."""
    line, kept = _without_links(_plain(text, limit), hosts)
    escaped = escape_line(line)
    for place, address in enumerate(kept):
        escaped = escaped.replace(chr(_FIRST_PRIVATE + place), f"<{address}>")
    return escaped


def code(text: str, *, limit: int = 200) -> str:
    """A code span, also within a table; it can't be left from inside, closes no issue, and holds no hidden block."""
    flat = _plain(text, limit).replace("`", "'").replace("|", "\u2502").replace("<!", f"<{BREAK}!")
    return f"`{break_closing(flat)}`" if flat else "` `"


def place(path: str | None, line: int | None) -> str:
    """`path:line` as a code span; empty without a path."""
    if path is None:
        return ""
    return code(f"{path}:{line}" if line is not None else path)


def bullets(
    texts: Sequence[str], *, limit: int = INLINE_LIMIT, most: int = 20, hosts: _Hosts = ()
) -> list[str]:
    """Sentences as a list, the first `most` of them, with the total when cut."""
    rows = [f"- {inline(text, limit=limit, hosts=hosts)}" for text in texts[:most]]
    if len(texts) > most:
        rows.append(f"- … and {len(texts) - most} more")
    return rows


def fenced(text: str, *, language: str = "", limit: int = FENCED_LIMIT) -> list[str]:
    """Lines of a code block; its fence is longer than any inside, and none of its lines begins with a slash."""
    cut = text[:limit]
    lines = [
        _SLASH.sub(rf"\1{BREAK}/", line).replace("<!", f"<{BREAK}!")
        for line in redact("\n".join(plain_lines(cut))).split("\n")
    ]
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    more = [f"_Cut here: {len(text)} characters in all._"] if len(cut) < len(text) else []
    return [f"{fence}{language}", *break_closing("\n".join(lines)).split("\n"), fence, *more]


def title(text: str) -> str:
    """A title, in which GitLab reads references but no Markdown, so that breaks stand there as characters.

    What would make it a draft by itself is taken off: whether it is one is not for a stranger to say.
    """
    line, _ = _without_links(_plain(text, _TITLE_LIMIT), ())
    while draft := _DRAFT.match(line):
        line = line[draft.end() :]
    shown = break_references(line).replace("<", f"<{BREAK}")
    return shown[:_TITLE_LENGTH].rstrip() or "Change"


def label(text: str) -> str:
    """A label's name: one label, in no scope of ours, of at most 100 characters."""
    line = plain(
        re.sub(r":{2,}", ":", plain(text, _LABEL_LENGTH).replace(",", " ").replace("::", ":")), _LABEL_LENGTH
    )
    return line.lstrip("~ ") or "unnamed"


def commit_line(text: str, *, limit: int = 200) -> str:
    """A line of a commit message: skips no pipeline, mentions and closes nothing, and holds no invisible character."""
    line, _ = _without_links(_plain(text, limit), ())
    line = _CLOSING_IN_COMMIT.sub(lambda found: _KEY_IN_COMMIT.sub("\\1\u2011", found[0]), line)
    bare, before = line, ""
    while bare != before:  # taking one away may make another
        before, bare = bare, _SIGN_IN_COMMIT.sub("", bare)
    bare = bare.replace("@", " at ")
    return " ".join(re.sub(r"\bGL-(?=\d)", "GL ", bare).split())


def _plain(text: str, limit: int) -> str:
    """One plain line without secrets of known forms; only then, as invisible characters may stand within one."""
    return redact(plain(text, limit))


def _without_links(line: str, hosts: _Hosts) -> tuple[str, list[str]]:
    """The line without addresses, and those that may stay; each of these left one private character where it was."""
    before = ""
    while before != line:  # an image within a link
        before, line = line, _LINK.sub(lambda found: _kept_text(found, hosts), line)
    kept: list[str] = []

    def judged(found: re.Match[str]) -> str:
        address = found[0].rstrip(_TRAILING)
        if not _is_listed(address, hosts) or _FIRST_PRIVATE + len(kept) > _LAST_PRIVATE:
            return NO_LINK + found[0][len(address) :]
        kept.append(address)
        return chr(_FIRST_PRIVATE + len(kept) - 1) + found[0][len(address) :]

    return _ADDRESS.sub(judged, line), kept


def _kept_text(found: re.Match[str], hosts: _Hosts) -> str:
    address = found["address"].strip().split(" ", 1)[0].rstrip(">")
    text = found["text"].strip()
    if _is_listed(address, hosts):
        return f"{text} {address}".strip()
    return text or NO_LINK


def _is_listed(address: str, hosts: _Hosts) -> bool:
    if not hosts or not _HARMLESS_ADDRESS.fullmatch(address):
        return False
    try:
        host = urllib.parse.urlsplit(address).hostname
    except ValueError:
        return False
    return host is not None and host in {each.lower() for each in hosts}
