"""Whether a model's server refused a request for its quota, account or load, and until when. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime

from ci_factory.model import reset_times
from ci_factory.work.agents import output
from ci_factory.work.agents.protocol import ModelRefusal

READ = 64 * 1024
"""Bytes of a refusal's body that are looked at."""
_REFUSES = {401, 402, 403, 408, 429}
_BAD_REQUEST, _SERVER_FAILS = 400, 500
_MONEY = re.compile(r"quota|billing|credit|balance|payment|rate.?limit|usage.limit", re.IGNORECASE)


def refusal(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ModelRefusal | None:
    """The refusal that an answer is; `None` when it is none, or blames the request itself.

    `headers` have their names in lower case. What is odd in them counts as not said.
    """
    text = body[:READ].decode("utf-8", "replace")
    about_money = status == _BAD_REQUEST and _MONEY.search(text) is not None
    if not (status in _REFUSES or status >= _SERVER_FAILS or about_money):
        return None
    retry_at = reset_times.from_headers(headers, now) or reset_times.from_words(text, now)
    return ModelRefusal(status, _words(text), retry_at)


def _words(text: str) -> str:
    """The message of an error, however its vendor wraps it."""
    document = output.parsed(text)
    first = document[0] if isinstance(document, list) and document else document
    error = output.at(first, "error")
    message = output.at(error, "message") or error or output.at(first, "message")
    return output.words(message) or output.words(text)
