"""Lists in pages: by number with totals, or by keyset with a cursor; `Link` says what comes next."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from tests.gitlab_standin.context import ApiError, Json, answer, call, db
from tests.gitlab_standin.store import Row

MOST = 100
"""Items on one page (GitLab's limit)."""
_COUNTED = 10_000
"""Longer lists have no totals (GitLab's limit)."""
Show = Callable[[Row], Json]


@dataclass
class Listing:
    """Rows of one table: what they must meet, and their order."""

    table: str
    where: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    order: str = "id"
    descending: bool = True
    columns: str = "*"

    def need(self, condition: str, *values: Any) -> None:
        """One more condition."""
        self.where.append(condition)
        self.values.extend(values)

    def select(self, columns: str, tail: str = "", *more: Any, extra: str = "") -> list[Row]:
        """The rows."""
        conditions = [*self.where, extra] if extra else self.where
        where = f" WHERE {' AND '.join(f'({each})' for each in conditions)}" if conditions else ""
        return db().all(f"SELECT {columns} FROM {self.table}{where} {tail}", *self.values, *more)  # noqa: S608 - our words

    @property
    def ordering(self) -> str:
        """ORDER BY, with the id deciding between equals."""
        way = "DESC" if self.descending else "ASC"
        return f"ORDER BY {self.order} {way}, {self._id} {way}"

    @property
    def _id(self) -> str:
        return f"{self.table.split()[0]}.id"

    def after(self, cursor: Sequence[Any] | None, limit: int) -> list[Row]:
        """The next rows after a cursor (value of the order column, id)."""
        columns = f"{self.columns}, {self.order} AS _order, {self._id} AS _id"
        if cursor is None:
            return self.select(columns, f"{self.ordering} LIMIT ?", limit)
        sign = "<" if self.descending else ">"
        extra = f"({self.order}, {self._id}) {sign} (?, ?)"
        return self.select(columns, f"{self.ordering} LIMIT ?", *cursor, limit, extra=extra)


def pages(listing: Listing, show: Show, *, keyset: bool = False) -> Response:
    """One page of a list, as the request asks for it."""
    if request.args.get("pagination") == "keyset":
        if not keyset:
            raise ApiError(405, {"error": "Keyset pagination is not yet available for this type of request"})
        return _keyset(listing, show)
    page, per_page = _whole("page", 1), min(_whole("per_page", 20), MOST)
    size = page_size(per_page)
    rows = listing.select(
        listing.columns, f"{listing.ordering} LIMIT ? OFFSET ?", size + 1, (page - 1) * size
    )
    total = int(listing.select("count(*)")[0][0])
    return _numbered([show(row) for row in rows[:size]], page, per_page, total, more=len(rows) > size)


def page_of(items: Sequence[Json]) -> Response:
    """One page of a list that no table holds."""
    page, per_page = _whole("page", 1), min(_whole("per_page", 20), MOST)
    size = page_size(per_page)
    start = (page - 1) * size
    shown = list(items[start : start + size])
    return _numbered(shown, page, per_page, len(items), more=len(items) > start + size)


def page_size(asked: int) -> int:
    """Items on a page: what was asked for, or fewer when a test wants short pages."""
    most = call().settings.page_size
    return min(asked, most) if most else asked


def encode(cursor: Sequence[Any]) -> str:
    """A cursor as opaque text."""
    return base64.urlsafe_b64encode(json.dumps(list(cursor)).encode()).decode()


def decode(text: str) -> list[Any]:
    """A cursor from its text.

    Raises:
        ApiError: 400, it is none.
    """
    try:
        value, row_id = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (ValueError, TypeError, binascii.Error):
        raise ApiError(400, {"error": "cursor is invalid"}) from None
    return [value, row_id]


def _keyset(listing: Listing, show: Show) -> Response:
    size = page_size(min(_whole("per_page", 20), MOST))
    text = request.args.get("cursor")
    rows = listing.after(decode(text) if text else None, size + 1)
    headers = {}
    if len(rows) > size:
        last = rows[size - 1]
        headers["Link"] = _link({"cursor": encode((last["_order"], last["_id"]))}, "next")
    return answer([show(row) for row in rows[:size]], headers=headers)


def _numbered(items: list[Json], page: int, per_page: int, total: int, *, more: bool) -> Response:
    last = max(1, -(-total // page_size(per_page)))
    links = {
        "prev": page - 1 if page > 1 else None,
        "next": page + 1 if more else None,
        "first": 1,
        "last": last,
    }
    if total > _COUNTED:
        del links["last"]
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(per_page),
        "X-Prev-Page": str(links["prev"] or ""),
        "X-Next-Page": str(links["next"] or ""),
        "Link": ", ".join(_link({"page": number}, name) for name, number in links.items() if number),
    }
    if total <= _COUNTED:
        headers |= {"X-Total": str(total), "X-Total-Pages": str(last)}
    return answer(items, headers=headers)


def _link(change: Json, name: str) -> str:
    query = request.args.to_dict(flat=False) | {key: [value] for key, value in change.items()}
    query.setdefault("per_page", ["20"])
    query.pop("private_token", None)
    path = request.environ["RAW_URI"].partition("?")[0]
    return f'<{call().settings.url}{path}?{urlencode(query, doseq=True)}>; rel="{name}"'


def _whole(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise ApiError(400, {"error": f"{name} is invalid"})
    return max(1, int(text)) if name == "page" else int(text) or default
