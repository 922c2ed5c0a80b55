"""Pages of a list: where the next one is, by GitLab's headers. How many items a page has says nothing."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from ci_factory.model.base import Json

PER_PAGE = 100
"""GitLab's largest page."""
_LINK = re.compile(r'<(?P<address>[^<>]*)>\s*;[^,<]*?\brel="?next"?(?=[;,\s]|$)')


def next_query(headers: Mapping[str, str], query: Mapping[str, Json]) -> dict[str, Json] | None:
    """The query of the next page, `None` after the last.

    Of a Link header only the query is taken (RFC 8288, `rel=next`): the address in it is what the server believes its
    own to be, and may be another host.
    """
    link = _LINK.search(headers.get("link", ""))
    if link is not None:
        found = parse_qs(urlsplit(link["address"]).query, keep_blank_values=True)
        return {key: values if key.endswith("[]") else values[-1] for key, values in found.items()}
    number = headers.get("x-next-page", "").strip()
    return {**query, "page": number} if re.fullmatch(r"[0-9]{1,9}", number) else None


def as_query(values: Mapping[str, Json]) -> dict[str, Json]:
    """Values as GitLab reads them: `None` left out, lists as `name[]`, booleans as words."""
    found: dict[str, Json] = {}
    for name, value in values.items():
        if isinstance(value, list | tuple | set | frozenset):
            found[f"{name}[]"] = [_word(each) for each in value]
        elif value is not None:
            found[name] = _word(value)
    return found


def _word(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
