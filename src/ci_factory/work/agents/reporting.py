"""What every adapter reads of a finished agent: usage.json, and the last thing it said."""

from ci_factory.model.attempt import Usage
from ci_factory.model.text import plain
from ci_factory.work import documents
from ci_factory.work.agents.protocol import AgentResult, LeftBehind

_DETAIL_LENGTH = 300
_LOOKED_AT = 4_000


def result(left: LeftBehind, *, model: str | None = None) -> AgentResult:
    """Usage and model as the agent wrote them (unknown stays unknown), and its last words."""
    document = documents.usage(left.out)
    if document.value is None:
        said = "; ".join((last_words(left), *document.problems)).strip("; ")
        return AgentResult(model=model, detail=said)
    used = document.value
    usage = Usage(input_tokens=used.input_tokens, output_tokens=used.output_tokens, cost_usd=used.cost_usd)
    named = plain(used.model, 200) if used.model else model
    return AgentResult(usage=usage, model=named, detail=last_words(left))


def last_words(left: LeftBehind) -> str:
    """The last line on stderr or, when that is silent, on stdout; made safe to print."""
    for text in (left.stderr, left.stdout):
        lines = [line for raw in text[-_LOOKED_AT:].splitlines() if (line := plain(raw, _DETAIL_LENGTH))]
        if lines:
            return lines[-1]
    return ""
