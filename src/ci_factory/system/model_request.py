"""What a request of an agent to its model becomes on the other side of the gateway. Pure."""

import hmac
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message

_HTTPS, _HTTP = 443, 80
_ASKS = re.compile(
    r"/(messages|responses|responses/compact|chat/completions|completions)$|:(g|streamG)enerateContent$"
)
_COUNTS = re.compile(r"/messages/count_tokens$|:countTokens$")
_LISTS = re.compile(r"/models(/[\w.@:-]+){0,3}$")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_KEY_HEADERS = ("x-api-key", "x-goog-api-key", "api-key")
_KEY_QUERIES = ("key", "access_token")
NOT_PASSED_ON = {
    *("host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"),
    *("content-length", "accept-encoding", "authorization", *_KEY_HEADERS, "cookie", "set-cookie"),
    *("proxy-authorization", "proxy-connection", "proxy-authenticate"),
}
"""Headers, in lower case, that belong to one connection or are written anew, in either direction."""


class Refused(Exception):
    """The request is not passed on, or (`sent`) has no answer."""

    def __init__(
        self, status: int, words: str, kind: str = "invalid_request_error", *, sent: bool = False
    ) -> None:
        super().__init__(words)
        self.status, self.words, self.kind, self.sent = status, words, kind, sent


@dataclass(frozen=True)
class Upstream:
    """The one server that is asked."""

    host: str
    port: int
    tls: bool
    path: str
    """Begins every request's path; empty, or with a slash in front."""

    @classmethod
    def of(cls, url: str) -> "Upstream":
        """From its address. Raises `ValueError` when it is none."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = "not an address of http or https"
            raise ValueError(msg)
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (_HTTPS if tls else _HTTP), tls, parts.path.rstrip("/"))

    @property
    def name(self) -> str:
        """`host`, or `host:port` when the port is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (_HTTPS if self.tls else _HTTP) else f"{host}:{self.port}"


@dataclass(frozen=True)
class Wanted:
    """A request that may go on."""

    target: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """With the real key."""
    asks: bool
    """Whether a model is asked, which costs; else it is counted or listed."""


@dataclass(frozen=True)
class Keys:
    """Stand-in -> real key; an empty one stands for a server without keys."""

    known: Mapping[str, str] = field(repr=False)

    def real(self, stand_in: str) -> str | None:
        """The key behind a stand-in, `None` when it is none."""
        given = stand_in.encode("utf-8", "replace")
        same = (real for known, real in self.known.items() if hmac.compare_digest(known.encode(), given))
        return next(same, None)

    def masked(self, text: bytes) -> bytes:
        """A server's words without the keys that it repeats."""
        for stand_in, real in self.known.items():
            text = text.replace(real.encode(), stand_in.encode()) if real else text
        return text


def wanted(upstream: Upstream, keys: Keys, command: str, path: str, headers: Message) -> Wanted:
    """What a request becomes: the stand-in swapped, and nothing else where a key may stand.

    Raises:
        Refused: it has no stand-in, or is not for a model.
    """
    parts = urllib.parse.urlsplit(path)
    query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    in_headers = [(name, start, keys.real(given)) for name, start, given in _given(headers)]
    in_query = [(name, keys.real(given)) for name, given in query if name == "key"]
    if all(real is None for *_, real in (*in_headers, *in_query)):
        raise Refused(401, "the gateway to the model does not know this key", "authentication_error")
    asks = _asks(upstream, command, parts.path)
    swapped = [(name, f"{start}{real}") for name, start, real in in_headers if real]
    passed = [(name, value) for name, value in headers.items() if name.lower() not in NOT_PASSED_ON]
    if any(_CONTROL.search(value) for _, value in passed):
        raise Refused(400, "a header of the request can't be read")
    kept = [pair for pair in query if pair[0] not in _KEY_QUERIES]
    kept += [(name, real) for name, real in in_query if real]
    target = urllib.parse.urlunsplit(("", "", parts.path, urllib.parse.urlencode(kept), ""))
    return Wanted(target, (*passed, *swapped), asks)


def _given(headers: Message) -> Sequence[tuple[str, str, str]]:
    """(header, what stands before the key, the key), wherever there may be one."""
    scheme, _, token = (headers.get("Authorization") or "").partition(" ")
    bearer = [("Authorization", "Bearer ", token.strip())] if scheme.lower() == "bearer" else []
    return [*bearer, *((name, "", value.strip()) for name in _KEY_HEADERS if (value := headers.get(name)))]


def _asks(upstream: Upstream, command: str, path: str) -> bool:
    """Whether a model is asked. An account's files, batches and settings are out of reach (`Refused`)."""
    steps = {urllib.parse.unquote(part) for part in path.split("/")}
    if path.startswith(f"{upstream.path}/") and not steps & {".", ".."}:
        if command == "POST" and (_ASKS.search(path) or _COUNTS.search(path)):
            return _ASKS.search(path) is not None
        if command in {"GET", "HEAD"} and _LISTS.search(path):
            return False
    raise Refused(404, "the gateway to the model serves no such address", "not_found_error")
