"""What a GitLab server refuses, as errors that name the cause and the remedy."""

import json
import re

from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.gitlab.wire import Answer
from ci_factory.model.base import Json
from ci_factory.model.text import plain

_WORDS = 400
_DEPTH = 4
_PAGE = 4096
"""Bytes of a page that is no JSON in which words are looked for."""
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_MERGE = re.compile(r"/merge_requests/\d+/merge")
_TOKEN_FIX = (
    "make a new token with the scope `api` and put it into the variable that forge.token_variable names"  # noqa: S105 - a sentence
)
_ROLE_FIX = "give the token's user at least the role Developer in the project, and the token the scope `api`"


class NotFound(ForgeError):
    """404: it is not there, or we may not see it."""


class TooLarge(ForgeError):
    """An answer of more bytes than are read."""


class Refused(ForgeError):
    """401 or 403."""

    def __init__(self, what: str, *, where: str = "", fix: str = "", status: int, scope: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.status = status
        """401: the token is not known, ended or was revoked. 403: it is known and may not do this."""
        self.scope = scope
        """The scope that the token lacks, when GitLab says so."""


class QueryError(ForgeError):
    """A GraphQL query that the server does not answer."""

    def __init__(self, messages: tuple[str, ...], *, where: str = "") -> None:
        what = f"GitLab does not answer the query: {'; '.join(messages)}"
        super().__init__(what, where=where, fix="update GitLab, or report the query that it does not know")
        self.messages = messages
        """What the server says, cleaned."""


def refusal(answer: Answer, where: str) -> ForgeError:
    """The error that stands for an answer of 3xx or 4xx to a request; `where` is its method and path."""
    said = words(answer.body)
    if answer.status in {401, 403}:
        return _refused(answer, said, where)
    if answer.status == 404:  # noqa: PLR2004 - the status codes of HTTP are names
        fix = "check forge.project, and that the token's user may see it: GitLab hides what one may not see"
        return NotFound(f"GitLab does not find it: {said}", where=where, fix=fix)
    if answer.status in {409, 412} or (_MERGE.search(where) and answer.status in {405, 406, 422}):
        return Conflict(f"GitLab says {answer.status}: {said}", where=where, fix="run again")
    if 300 <= answer.status < 400:  # noqa: PLR2004 - the same
        return ForgeError("GitLab has another address", where=where, fix="correct forge.url or forge.project")
    return ForgeError(f"GitLab says {answer.status}: {said}", where=where)


def _refused(answer: Answer, said: str, where: str) -> Refused:
    if answer.status == 401:  # noqa: PLR2004 - the same
        what = f"GitLab does not accept the token: {said}"
        return Refused(what, where=where, fix=_TOKEN_FIX, status=401)
    scope = _missing_scope(answer.body)
    if scope:
        what = f"the token lacks a scope: {said}"
        fix = f"make a token with the scope `{scope}`"
        return Refused(what, where=where, fix=fix, status=403, scope=scope)
    return Refused(f"GitLab forbids it: {said}", where=where, fix=_ROLE_FIX, status=403)


def _missing_scope(body: bytes) -> str:
    document = _document(body)
    if isinstance(document, dict) and document.get("error") == "insufficient_scope":
        return plain(str(document.get("scope") or "api"), 100)
    return ""


def words(body: bytes) -> str:
    """What an error body says, on one line; of a page that is no JSON, its text."""
    document = _document(body)
    if document is None:
        page = body[:_PAGE].decode("utf-8", "replace")
        text = _MARKUP.sub(" ", page)
        return plain(text, _WORDS) or "(it says nothing)"
    return plain("; ".join(_sentences(document, _DEPTH)), _WORDS) or "(it says nothing)"


def _document(body: bytes) -> Json | None:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _sentences(value: Json, depth: int) -> list[str]:
    """GitLab answers with text, a list of it, or texts by field, under one of three keys."""
    if isinstance(value, list) and depth:
        return [each for item in value[:20] for each in _sentences(item, depth - 1)]
    if not isinstance(value, dict):
        return [str(value)[: _WORDS * 2]] if isinstance(value, str | int | float) else []
    known = [key for key in ("message", "error_description", "error", "errors") if value.get(key)]
    if known and depth:
        return _sentences(value[known[0]], depth - 1)
    return (
        [f"{key}: {', '.join(_sentences(item, depth - 1))}" for key, item in value.items()] if depth else []
    )
