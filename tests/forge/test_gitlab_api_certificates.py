"""Encrypted connections: whom we trust, for the API and for git alike; and what it costs not to need GitLab at all."""

import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.api import Api
from ci_factory.model.forge_settings import Rates
from ci_factory.system import ci_env
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git

TOKEN = "glpat-c0ffee-0123456789"  # noqa: S105 - of nobody
VARIABLES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "CI_SERVER_TLS_CA_FILE",
)


class Encrypted(BaseHTTPRequestHandler):
    """Answers `{}` to whoever trusts it, and keeps their tokens."""

    tokens: list[str]

    def do_GET(self) -> None:
        self.tokens.append(self.headers.get("PRIVATE-TOKEN", ""))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        del format, args


@pytest.fixture(autouse=True)
def _no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's certificates but those that a test names."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def address(certificate: Path) -> Iterator[str]:
    """An encrypted server's."""
    Encrypted.tokens = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "both")
    with HTTPServer(("127.0.0.1", 0), Encrypted) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that break off are what is tested
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def connect(address: str) -> Api:
    return Api.open(address, TOKEN, clock=ManualClock(datetime(2026, 3, 2, tzinfo=UTC)), rates=Rates(tries=3))


def test_server_that_is_not_trusted_gets_no_token(address: str, new_repo: Callable[..., Path]) -> None:
    """An unknown certificate ends the call at once, with the remedy, for the API and for git."""
    api, local = connect(address), Git(new_repo({"a.txt": "1\n"}))
    with pytest.raises(ForgeError, match="certificate is not trusted") as caught:
        api.get("/version")
    assert "REQUESTS_CA_BUNDLE" in caught.value.fix
    with pytest.raises(ForgeError, match="certificate is not trusted") as caught:
        api.transfer(local, "group/name").push("factory/1", local.resolve("HEAD"), expected=None)
    assert "REQUESTS_CA_BUNDLE" in caught.value.fix
    assert Encrypted.tokens == []


@pytest.mark.parametrize("name", VARIABLES)
def test_authority_named_in_the_environment_is_trusted(
    address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch, new_repo: Callable[..., Path], name: str
) -> None:
    """Each of the usual variables is heeded by the API and by git; a runner's own one is among them."""
    monkeypatch.setenv(name, str(certificate / "cert"))
    api = connect(address)
    assert api.get("/version") == {}
    assert Encrypted.tokens == [TOKEN]
    with pytest.raises(ForgeError) as caught:  # this server knows no git, so the end is another one
        api.transfer(Git(new_repo({"a.txt": "1\n"})), "group/name").heads(["main"])
    assert "certificate" not in str(caught.value)


def test_file_that_is_not_there_is_passed_over(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable left from another machine does not hide one that is right."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "none"))
    assert ci_env.certificates() is None
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert"))
    assert ci_env.certificates() == str(certificate / "cert")


def test_clients_are_loaded_when_a_connection_is_opened() -> None:
    """Whoever does not talk to GitLab does not wait for its client."""
    script = (
        "import sys\nfrom ci_factory.forge.gitlab.api import Api\n"
        "assert not {'gitlab', 'requests', 'urllib3'} & set(sys.modules)\n"
        "Api.open('https://gitlab.example.com', 'glpat-x')\nassert 'gitlab' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
