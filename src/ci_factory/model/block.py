"""Hidden blocks: data in a note that machines read and people do not see.

A block is an HTML comment, `<!-- ci-factory:v1:KEY {json} -->`. The JSON is written so that nothing in it can
end the comment. Whoever reads a block must first have checked the author of the note.
"""

import json
import re

from ci_factory.model.base import Json
from ci_factory.model.redaction import redacted

_BLOCK = re.compile(
    r"^<!-- ci-factory:v1:(?P<key>[a-z0-9-]{1,64}) (?P<data>\{[^\n<>]{0,1000000}\}) -->[ \t\r]*$",
    re.MULTILINE,
)
"""A whole line: what a line of ours quotes is no block of ours."""


def write(key: str, data: dict[str, Json]) -> str:
    """One line that carries `data`, without secrets of known forms, under `key` (lower-case letters, digits, dashes)."""
    text = json.dumps(redacted(data), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    text = text.replace("--", "-\\u002d")
    return f"<!-- ci-factory:v1:{key} {text} -->"


def read(body: str, key: str) -> dict[str, Json] | None:
    """The data of the last block with this key, `None` when there is none or it is damaged."""
    found = [match["data"] for match in _BLOCK.finditer(body) if match["key"] == key]
    if not found:
        return None
    try:
        data = json.loads(found[-1])
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
