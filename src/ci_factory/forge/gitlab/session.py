"""The HTTP session below python-gitlab: our token, our time-outs, no redirects, no cookies, no .netrc."""

from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from ci_factory.forge.gitlab.address import is_loopback, origin
from ci_factory.forge.gitlab.token import Token
from ci_factory.system import ci_env

_CONNECTIONS = 32


class TooSlow(Exception):
    """The server sends its answer in drops."""


class NoSuccess(Exception):
    """An answer other than 2xx, before anybody reads its body."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, TooSlow, OSError)
"""What an exchange fails with, when the network or the server's HTTP does."""
_NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)


def distrusts(error: Exception) -> bool:
    """Whether the server's certificate is the reason; an encrypted connection that merely broke is none."""
    return isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def was_sent(error: Exception) -> bool:
    """Whether the server may have seen the request; sure only when there was no connection at all."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError):
        return False
    cause = error.args[0] if error.args else None
    return not isinstance(getattr(cause, "reason", cause), _NEVER_SENT)


def reason(error: Exception) -> str:
    """What went wrong, without the pools and tries that the libraries put around it."""
    cause = error.args[0] if error.args else error
    text = str(getattr(cause, "reason", cause))
    return text.partition("): ")[2] or text


class _OwnToken(requests.auth.AuthBase):
    """Gives the token to its own server only. Being there, it also keeps .netrc out."""

    def __init__(self, url: str, token: Token) -> None:
        self._origin, self._token = origin(url), token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if origin(request.url or "") == self._origin:
            request.headers["PRIVATE-TOKEN"] = self._token.reveal()
        return request


class Session(requests.Session):
    """A session for one server; safe for threads, as nothing in it changes between requests."""

    def __init__(self, url: str, token: Token, timeout: tuple[float, float]) -> None:
        super().__init__()
        self._timeout = timeout
        self.auth = _OwnToken(url, token)
        self.trust_env = not is_loopback(urlsplit(url).hostname or "")  # proxies are for the way out
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        self.mount("http://", HTTPAdapter(pool_maxsize=_CONNECTIONS))

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as the base class
        """Send a request once.

        Raises:
            NoSuccess: the answer is not 2xx; it holds the response, whose body nobody has read.
        """
        own = {"timeout": self._timeout, "verify": ci_env.certificates() or True, "auth": None}
        response = super().request(method, url, *args, **(kwargs | own))
        if not response.ok or response.status_code >= 300:  # noqa: PLR2004 - HTTP's own classes
            raise NoSuccess(response)
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: requests would take our header along to another host, and read the body whole."""
        del resp
        return None
