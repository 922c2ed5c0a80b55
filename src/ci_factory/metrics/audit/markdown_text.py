"""An audit as Markdown: whatever titles, names and messages hold, it is shown and has no effect."""

import re
from collections.abc import Iterator

from ci_factory.metrics import markdown
from ci_factory.metrics.audit import wording
from ci_factory.metrics.audit.values import Story
from ci_factory.model.redaction import redact
from ci_factory.model.text import break_closing, plain

_TITLE, _CELL = 200, 2_000
_HASH = re.compile(r"\b[0-9a-f]{12,}\b|\d{8}-\d{6}")


def report(story: Story) -> str:
    """The whole audit."""
    return "\n".join(_lines(story)).rstrip("\n") + "\n"


def _lines(story: Story) -> Iterator[str]:
    yield f"# Audit of {markdown.say(story.asked, _TITLE)}"
    yield ""
    for section in wording.sections(story):
        yield f"## {_shown(section.title)}"
        yield ""
        rows = ((_shown(name), _shown(text)) for name, text in section.rows)
        yield from markdown.table(("what", "value"), rows)
    for generation in story.generations:
        yield f"## {_shown(f'Timeline of {generation.id}')}"
        yield ""
        happened = (
            (wording.when(each.at), markdown.say(each.who, _TITLE), _shown(each.what))
            for each in wording.timeline(generation)
        )
        yield from markdown.table(("when (UTC)", "who", "what"), happened)
    yield from (f"- {markdown.say(note, _CELL)}" for note in story.notes)
    yield from [""] if story.notes else []
    yield f"_Looked at: {markdown.say(', '.join(story.sources) or 'nothing', _CELL)}._"


def _shown(text: str) -> str:
    """Words as words; what has a hash in it as code, from which it can be copied, and where nothing has an effect either."""
    if not _HASH.search(text):
        return markdown.say(text, _CELL)
    flat = plain(redact(text), _CELL).replace("`", "'").replace("|", "\u2502")
    return f"`{break_closing(flat)}`"
