"""The gateway between an agent and its model: which requests pass, with which key, and that answers pass as they come."""

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ci_factory.system.model_gateway import Gateway
from ci_factory.system.model_request import Upstream

REAL, STAND_IN = "sk-the-real-one-4711", "stand-in-0815"
MESSAGE = b'{"type": "message"}'
CHAT = "/v1/chat/completions"


@dataclass
class Seen:
    """A meter that notes what it is told, and a tap on every answer."""

    notes: list[str] = field(default_factory=list)
    body: bytes = b""
    why_not: str = ""

    def admit(self) -> str:
        self.notes.append("denied" if self.why_not else "admitted")
        return self.why_not

    def answered(self, status: int, headers: Mapping[str, str]) -> "Seen":
        del headers
        self.notes.append(f"answered {status}")
        return self

    def lost(self, *, sent: bool) -> None:
        self.notes.append("lost" if sent else "not sent")

    def feed(self, piece: bytes) -> None:
        self.body += piece

    def close(self, *, whole: bool) -> None:
        self.notes.append("whole" if whole else "cut")


@dataclass
class Server:
    """A model's server on loopback that answers each connection with given bytes."""

    say: Callable[[socket.socket], None]
    context: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=self._serve, args=(server,), daemon=True).start()
            yield server.getsockname()[1]
            server.shutdown(socket.SHUT_RDWR)

    def _serve(self, server: socket.socket) -> None:
        try:
            while True:
                client, _ = server.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()
        except OSError:
            return

    def _answer(self, client: socket.socket) -> None:
        try:
            with self.context.wrap_socket(client, server_side=True) if self.context else client as one:
                self.requests.append(self._request(one))
                self.say(one)
        except OSError:
            return

    @staticmethod
    def _request(client: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        head = data.partition(b"\r\n\r\n")[0].lower()
        if b"chunked" in head:
            while not data.endswith(b"0\r\n\r\n"):
                data += client.recv(65536)
        elif b"content-length:" in head:
            length = int(head.partition(b"content-length:")[2].split()[0])
            while len(data.partition(b"\r\n\r\n")[2]) < length:
                data += client.recv(65536)
        return data


def plainly(body: bytes = MESSAGE, status: str = "200 OK") -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return lambda client: client.sendall(head.encode() + body)


@contextmanager
def gateway(
    server: Server,
    meter: Seen,
    *,
    key: str = REAL,
    url: str = "http://127.0.0.1:{port}",
    authorities: str | None = None,
) -> Iterator[int]:
    """The port of a gateway to a server."""
    with server.running() as port:
        upstream = Upstream.of(url.format(port=port))
        with Gateway(upstream, {STAND_IN: key}, meter, authorities) as one, one.listening() as listening:
            yield listening


def ask(
    port: int, path: str = CHAT, method: str = "POST", body: object = b"{}", **headers: str
) -> tuple[int, bytes]:
    """Status and body of an answer; the header is `Authorization` unless others are given."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given = given or {"Authorization": f"Bearer {STAND_IN}"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=body, headers=given)  # type: ignore[arg-type]  # bytes or an iterator of them
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize(
    ("path", "headers", "sent"),
    [
        (CHAT, {"Authorization": f"Bearer {STAND_IN}"}, f"Authorization: Bearer {REAL}"),
        ("/v1/messages?beta=true", {"x_api_key": STAND_IN}, f"x-api-key: {REAL}"),
        ("/v1beta/models/g:generateContent", {"x_goog_api_key": STAND_IN}, f"x-goog-api-key: {REAL}"),
        (
            f"/v1beta/models/g:streamGenerateContent?key={STAND_IN}&alt=sse",
            {"a": "b"},
            f"alt=sse&key={REAL} HTTP/1.1",
        ),
    ],
)
def test_the_stand_in_becomes_the_key(path: str, headers: dict[str, str], sent: str) -> None:
    """Wherever a vendor wants it; the stand-in goes no further."""
    server, meter = Server(plainly()), Seen()
    with gateway(server, meter) as port:
        assert ask(port, path, **headers) == (200, MESSAGE)
    (request,) = server.requests
    assert sent in request.decode()
    assert STAND_IN not in request.decode()
    assert "Accept-Encoding: identity" in request.decode()
    assert meter.notes == ["admitted", "answered 200", "whole"]
    assert meter.body == MESSAGE


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        (CHAT, "POST", {"Authorization": f"Bearer {REAL}"}, 401),
        (CHAT, "POST", {"Authorization": "Bearer"}, 401),
        (CHAT, "POST", {"Cookie": STAND_IN}, 401),
        (f"{CHAT}?access_token={STAND_IN}", "POST", {"a": "b"}, 401),
        ("/v1/files", "GET", {}, 404),
        ("/v1/messages/batches", "POST", {}, 404),
        ("/v1/organizations/api_keys", "GET", {}, 404),
        ("/other/chat/completions", "POST", {}, 404),
        ("/v1/../other/chat/completions", "POST", {}, 404),
        ("/v1/%2e%2e/other/chat/completions", "POST", {}, 404),
        (CHAT, "GET", {}, 404),
        (CHAT, "DELETE", {}, 501),
    ],
)
def test_what_is_not_for_a_model_goes_no_further(
    path: str, method: str, headers: dict[str, str], status: int
) -> None:
    """Without the stand-in, or to the account's files, batches and settings: no connection is even made."""
    server, meter = Server(plainly()), Seen()
    with gateway(server, meter, url="http://127.0.0.1:{port}/v1") as port:
        assert ask(port, path, method, **headers)[0] == status
    assert server.requests == []
    assert meter.notes == []


def test_keys_of_the_agents_own_are_left_out() -> None:
    """Beside the stand-in, no other key goes to the model's server: neither another account's nor a cookie."""
    server = Server(plainly())
    with gateway(server, Seen()) as port:
        ask(
            port,
            x_api_key="mine-1",
            Authorization=f"Bearer {STAND_IN}",
            Cookie="mine-2",
            X_Goog_Api_Key="mine-3",
        )
    assert b"mine" not in server.requests[0]


def test_a_server_without_keys_gets_none() -> None:
    """The stand-in still keeps strangers out of the gateway."""
    server = Server(plainly())
    with gateway(server, Seen(), key="") as port:
        assert ask(port)[0] == 200
        assert ask(port, Authorization="Bearer other")[0] == 401
    assert b"authorization" not in server.requests[0].lower()


def test_the_first_bytes_pass_at_once() -> None:
    """The agent has the first event while the server still thinks about the second."""
    go_on = threading.Event()

    def stream(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\none\r\n\r\n\r\n")
        go_on.wait(10)
        client.sendall(b"3\r\ntwo\r\n0\r\n\r\n")

    meter = Seen()
    with gateway(Server(stream), meter) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", CHAT, b"{}", {"Authorization": f"Bearer {STAND_IN}"})
        answer = connection.getresponse()
        assert answer.read1(100) == b"one\r\n\r\n"
        go_on.set()
        assert answer.read() == b"two"
        connection.close()
    assert meter.body == b"one\r\n\r\ntwo"


def test_requests_pass_in_chunks() -> None:
    """A body whose length nobody knew before."""
    server = Server(plainly())
    with gateway(server, Seen()) as port:
        assert ask(port, body=iter([b"a" * 70_000, b"b"]))[0] == 200
    assert server.requests[0].count(b"a" * 1000) == 70
    assert server.requests[0].endswith(b"b\r\n0\r\n\r\n")


@pytest.mark.parametrize("status", [401, 429, 500])
def test_an_error_does_not_repeat_the_key(status: int) -> None:
    """Whatever a server says of a key that it does not like, the agent and the meter do not see it."""
    meter = Seen()
    with gateway(Server(plainly(f'{{"error": "bad key {REAL}"}}'.encode(), f"{status} No")), meter) as port:
        got = ask(port)
    assert got == (status, f'{{"error": "bad key {STAND_IN}"}}'.encode())
    assert REAL.encode() not in meter.body


def test_what_is_denied_is_not_sent() -> None:
    """With the reason, in the form that all vendors' clients read, even to an agent that sends much."""
    server, meter = Server(plainly()), Seen(why_not="it asked too often (budgets.plan.calls)")
    with gateway(server, meter) as port:
        status, text = ask(port, body=b"x" * 3_000_000)
    assert status == 403
    assert json.loads(text)["error"]["message"] == meter.why_not
    assert server.requests == []
    assert meter.notes == ["denied"]


@pytest.mark.parametrize(
    ("said", "notes"),
    [
        (b"", ["admitted", "lost"]),
        (b"nonsense\r\n\r\n", ["admitted", "lost"]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", ["admitted", "answered 200", "cut"]),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort",
            ["admitted", "answered 200", "cut"],
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            ["admitted", "answered 200", "cut"],
        ),
    ],
)
def test_a_server_that_breaks_off_is_noted(said: bytes, notes: list[str]) -> None:
    """What it used is not known then; the agent is not told that the answer was whole."""
    meter = Seen()
    with gateway(Server(lambda client: client.sendall(said)), meter) as port:
        try:
            assert ask(port)[0] == 502
        except http.client.IncompleteRead:
            assert notes[-1] == "cut"
    assert meter.notes == notes


def test_a_server_that_is_not_there() -> None:
    """Nothing was sent, so nothing was used."""
    meter = Seen()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    upstream = Upstream.of(f"http://127.0.0.1:{port}")
    with Gateway(upstream, {STAND_IN: REAL}, meter) as one, one.listening() as listening:
        status, text = ask(listening)
    assert status == 502
    assert b"can't be reached" in text
    assert meter.notes == ["admitted", "not sent"]


def test_an_agent_that_breaks_off_does_not_hide_what_it_used() -> None:
    """The rest of the answer is read for a moment, so that the meter sees its end."""
    go_on = threading.Event()

    def stream(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        go_on.wait(10)
        for _ in range(20):
            client.sendall(b"%x\r\n%s\r\n" % (10_000, b"x" * 10_000))
        client.sendall(b"3\r\nend\r\n0\r\n\r\n")

    meter = Seen()
    with gateway(Server(stream), meter) as port:
        with socket.create_connection(("127.0.0.1", port)) as agent:
            agent.sendall(f"POST {CHAT} HTTP/1.1\r\nAuthorization: Bearer {STAND_IN}\r\n\r\n".encode())
            assert agent.recv(10)
        go_on.set()
    assert meter.body.endswith(b"end")
    assert meter.notes[-1] == "whole"


def test_the_end_waits_for_nobody_long() -> None:
    """A server that thinks for minutes, and an agent that waits for it: both connections end."""
    meter = Seen()
    started = time.monotonic()
    with gateway(Server(lambda _: time.sleep(8)), meter) as port:
        agent = socket.create_connection(("127.0.0.1", port))
        agent.sendall(f"POST {CHAT} HTTP/1.1\r\nAuthorization: Bearer {STAND_IN}\r\n\r\n".encode())
        while not meter.notes:
            time.sleep(0.01)
    assert time.monotonic() - started < 5
    agent.settimeout(1)
    assert b"200" not in agent.recv(1000)
    agent.close()
    assert meter.notes == ["admitted", "lost"]


@pytest.mark.parametrize(
    "request_",
    [
        "POST {path} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST {path} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nContent-Length: -5\r\n\r\n",
        "POST {path} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST {path} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nX-Odd: a\x00b\r\n b\r\n\r\n",
        "POST {path}?a=\xe4&key=\xff HTTP/1.1\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_requests_that_mean_two_things_are_refused(request_: str) -> None:
    """Nothing that servers read in different ways is passed on, and nothing of it stops the gateway."""
    server = Server(plainly())
    with gateway(server, Seen()) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as agent:
            agent.sendall(request_.format(path=CHAT, key=STAND_IN).encode("latin-1"))
            agent.shutdown(socket.SHUT_WR)
            assert b" 400 " in agent.recv(1000)
        assert ask(port)[0] == 200


@pytest.mark.parametrize("trusted", [True, False])
def test_the_key_goes_to_no_server_that_is_not_trusted(certificate: Path, *, trusted: bool) -> None:
    """Certificates are verified, against the authorities that are named or the machine's own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert", certificate / "key")
    server, meter = Server(plainly(), context), Seen()
    authorities = str(certificate / "cert") if trusted else None
    with gateway(server, meter, url="https://localhost:{port}", authorities=authorities) as port:
        status, _ = ask(port)
    assert status == (200 if trusted else 502)
    assert len(server.requests) == int(trusted)
