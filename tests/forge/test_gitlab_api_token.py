"""The token is seen by its server and by nobody else; addresses that would show it are not accepted."""

import io
import logging
import pickle
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rich.traceback
from rich.console import Console

from ci_factory.errors import ConfigError, FactoryError
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.token import Token
from ci_factory.model.forge_settings import Rates
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from tests.forge.scripted_server import Reply, scripted_server

SECRET = "glpat-c0ffee-0123456789"  # noqa: S105 - of nobody
START = datetime(2026, 3, 2, 18, tzinfo=UTC)


def connect(url: str) -> Api:
    return Api.open(url, SECRET, clock=ManualClock(START), rates=Rates(tries=2, outage_minutes=0))


def shown(error: BaseException) -> str:
    """Everything that tools print of an error: with its causes, and the local variables of every frame but the test's."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    screen = io.StringIO()
    page = rich.traceback.Traceback.from_exception(
        type(error), error, frames, show_locals=True, locals_max_string=10_000, locals_max_length=1000
    )
    Console(file=screen, width=300).print(page)
    plain = traceback.TracebackException(type(error), error, frames, capture_locals=True).format()
    return f"{''.join(plain)}{screen.getvalue()}{error!r}{error}{vars(error)}"


REPLIES = {
    "refused": Reply(status=401, body={"message": f"token {SECRET} is revoked"}),
    "broken": Reply(drop=True),
    "cut": Reply(body={}, cut=True),
    "no json": Reply(body=SECRET.encode()),
    "redirect": Reply(status=302, headers={"Location": f"https://gitlab.invalid/{SECRET}"}),
    "echo in an error of 5xx": Reply(status=500, body=SECRET.encode()),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_error_shows_the_token(reply: Reply, method: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not in words, causes, attributes, log records, or the local variables that a debugging tool prints."""
    caplog.set_level(logging.DEBUG)
    with scripted_server() as server:
        server.plays(reply)
        api = connect(server.url)
        with pytest.raises(FactoryError) as caught:
            getattr(api, method)("/x", *([{}] if method == "post" else []))
        assert server.seen[0].headers["PRIVATE-TOKEN"] == SECRET
    assert SECRET not in shown(caught.value)
    assert SECRET not in caplog.text


def test_unreachable_server_does_not_show_it() -> None:
    """Nor when there was no connection at all."""
    with pytest.raises(FactoryError) as caught:
        connect("http://127.0.0.1:9").get("/x")
    assert SECRET not in shown(caught.value)


def test_interrupt_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frames of the HTTP libraries hold the header; when one is printed with its variables, that reads as hidden."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("urllib3.connectionpool.HTTPConnectionPool._make_request", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        connect("http://127.0.0.1:9").get("/x")
    text = shown(caught.value)
    assert "PRIVATE-TOKEN" in text
    assert SECRET not in text


HOLDERS: dict[str, Callable[[Api], object]] = {
    "token": lambda _: Token(SECRET),
    "api": lambda api: api,
    "transfer": lambda api: api.transfer(Git(Path()), "group/name"),
    "line": lambda api: vars(api)["_line"],
    "wire": lambda api: vars(api)["_line"].wire,
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_holders_do_not_show_or_write_it(holder: Callable[[Api], object]) -> None:
    """`repr`, `str`, `vars` and pickling of what holds the token do not give it away."""
    value = holder(connect("https://gitlab.example.com"))
    inside = vars(value) if hasattr(value, "__dict__") else ""
    assert SECRET not in f"{value!r}{value}{inside!r}"
    with pytest.raises(TypeError):
        pickle.dumps(value)


@pytest.mark.parametrize(
    "token", ["", " ", "a b", "glpat\n", "glpat\r\nX-Header: y", "gl\u00e4pat", "x" * 1025]
)
def test_what_is_no_token_is_refused_unseen(token: str) -> None:
    """A value that could smuggle a header is not sent, and the error does not repeat it."""
    with pytest.raises(ConfigError, match="token") as caught:
        Api.open("https://gitlab.example.com", token)
    assert not token.strip() or token not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://oauth2:hunter2@gitlab.example.com",
        "https://hunter2@gitlab.example.com",
        "https://gitlab.example.com/?private_token=hunter2",
        "https://gitlab.example.com/#hunter2",
        "https://gitlab.example.com\\@hunter2.example",
        "https://gitlab.example.com:hunter2",
        "https://gitlab.example.com/a/../hunter2",
        "https://gitlab.example.com/%2e%2e/hunter2",
        "ftp://hunter2.example",
        "file:///hunter2",
        "gitlab.example.com/hunter2",
        "https://",
        "https:// hunter2.example",
        "https://gitlab.example.com\n.hunter2.example",
        "http://hunter2.example",
        "http://127.0.0.1.hunter2.example",
        "http://localhost.hunter2.example",
        "http://2130706433.hunter2",
    ],
)
def test_address_that_would_show_the_token_is_refused_unrepeated(url: str) -> None:
    """Credentials in it, no encryption, or no server: refused, and the error repeats nothing of it."""
    with pytest.raises(ConfigError) as caught:
        Api.open(url, SECRET)
    assert caught.value.where == "forge.url"
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://gitlab.example.com", "https://gitlab.example.com"),
        ("https://GitLab.example.com:8443/", "https://gitlab.example.com:8443"),
        ("https://example.com/gitlab/api/v4/", "https://example.com/gitlab"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost/", "http://localhost"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_addresses_of_servers_are_accepted(url: str, address: str) -> None:
    """With and without /api/v4, a port, a path; plain http to this machine only."""
    assert Api.open(url, SECRET).url == address


def test_plain_http_is_a_choice() -> None:
    """Somebody who says so may send the token unencrypted."""
    assert Api.open("http://gitlab.internal", SECRET, allow_http=True).url == "http://gitlab.internal"


def test_netrc_does_not_join_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password for the same host in the user's .netrc is not sent."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hunter2\n", encoding="ascii")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with scripted_server() as server:
        server.plays(Reply(body={}))
        connect(server.url).get("/x")
        assert "Authorization" not in server.seen[0].headers


def test_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on loopback is reached directly, whatever proxy the environment names."""
    with scripted_server() as server, scripted_server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        server.plays(Reply(body={}))
        connect(server.url).get("/x")
        assert proxy.seen == []
