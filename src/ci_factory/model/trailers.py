"""Trailers at the end of a commit message. Anybody can type any: they are claims until something else confirms them."""

import re

AGENT, BATCH, GENERATION, PROMPT = "Agent", "Batch", "Generation-ID", "Prompt"
_MOST = 200
_LINE = re.compile(r"(?P<key>[A-Za-z][A-Za-z-]{0,63}): (?P<value>\S.{0,999})")
_ID = re.compile(r"(?P<batch>[A-Za-z0-9][\w.:+-]{0,99})/(?P<ticket>[A-Za-z0-9][A-Za-z0-9._-]{0,63})")


def read(message: str) -> dict[str, str]:
    """The trailers of a message, wherever a squash left them; one that stands there with two values is not believed."""
    found: dict[str, set[str]] = {}
    for line in message.splitlines()[-_MOST:]:
        if match := _LINE.fullmatch(line.strip()):
            found.setdefault(match["key"], set()).add(match["value"].strip())
    return {key: values.pop() for key, values in found.items() if len(values) == 1}


def generation(message: str) -> tuple[str, str] | None:
    """Batch and ticket that a message's Generation-ID names; `None` without exactly one."""
    match = _ID.fullmatch(read(message).get(GENERATION, ""))
    return (match["batch"], match["ticket"]) if match else None
