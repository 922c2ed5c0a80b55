"""The sandbox against agents that look for a way out, through the real code path."""

import ast
import json
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import AgentConfig, Config, RetryConfig
from ci_factory.errors import FactoryError
from ci_factory.model.attempt import CheckpointName, Ending
from ci_factory.system import sandbox
from ci_factory.work import confinement
from tests.agents.model_stub import Say, model_stub

Room = Any  # tests/work/conftest.py
needs_sandbox = pytest.mark.skipif(
    not sandbox.support().works, reason=f"no sandbox on this machine: {sandbox.support().why_not}"
)
HOSTILE = Path(__file__).with_name("hostile_agent.py")
MARK = "CANA" + "RY-"


def configured(**sandbox_settings: object) -> Config:
    """No retries, and a sandbox as the test wants it."""
    return Config.model_validate({"retries": RetryConfig(limit=0), "sandbox": sandbox_settings})


def python(code: str) -> str:
    """A command line that runs some Python."""
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


@pytest.fixture
def canaries(room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """One secret in every place that an agent may not reach, by place."""
    planted = {name: f"{MARK}{name}-{secrets.token_hex(6)}" for name in (
        *("variable", "token", "netrc", "credentials", "key", "neighbour", "remote", "header", "untracked"),
        *("prompt", "worktree", "change", "cache", "modelkey"),
    )}  # fmt: skip
    monkeypatch.setenv("UNLISTED", planted["variable"])
    monkeypatch.setenv("CI_JOB_TOKEN", planted["token"])
    monkeypatch.setenv("OPENAI_API_KEY", planted["modelkey"])
    home = room.root / "home-of-somebody"
    for name, kind in ((".netrc", "netrc"), (".git-credentials", "credentials"), (".ssh/id_ed25519", "key")):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(planted[kind])
    monkeypatch.setenv("HOME", str(home))
    git = ("git", "-C", str(room.repo), "config")
    subprocess.run(
        [*git, "remote.origin.url", f"https://ci:{planted['remote']}@git.example.com/x"], check=True
    )
    subprocess.run([*git, "http.extraheader", f"Authorization: {planted['header']}"], check=True)
    (room.repo / ".env").write_text(planted["untracked"])
    for folder, kind in (
        ("out/T-9/agent", "prompt"),
        ("worktrees/T-9-1-aa/T-9", "worktree"),
        ("cache", "cache"),
    ):
        (room.root / folder).mkdir(parents=True)
        (room.root / folder / "file.md").write_text(planted[kind])
    subprocess.run(
        ["git", "-C", str(room.hub.folder), "hash-object", "-w", "--stdin"],
        input=planted["change"].encode(), check=True, capture_output=True,
    )  # fmt: skip
    environment = os.environ | {"JOB": planted["neighbour"]}
    neighbour = subprocess.Popen(["sleep", "60"], cwd=home, env=environment)
    yield planted
    neighbour.kill()
    neighbour.wait()


def hostile(room: Room, config: Config) -> tuple[Any, set[str]]:
    """Let the hostile agent work, with a model that it asks; its attempt, and the canaries in anything that it left or sent."""
    with model_stub(Say("well done")) as stub:
        command = f"{shlex.quote(sys.executable)} {HOSTILE}"
        gateway = {"upstream": f"{stub.url}/v1"}
        agent = AgentConfig.model_validate(
            {"name": "one", "adapter": "command", "command": command, "gateway": gateway}
        )
        attempt = room.work(agent=agent, config=config)
    assert attempt.ending is Ending.COMPLETED, attempt.reason
    ((_, asked),) = stub.requests
    assert stub.keys == {os.environ["OPENAI_API_KEY"]}, (
        "the model's server has the real key, and from the gateway alone"
    )
    texts = [json.dumps(asked), attempt.model_dump_json(), room.read(attempt, "found.json") or ""]
    texts += [
        path.read_bytes().decode("latin-1") for path in (room.root / "out/T-1").rglob("*") if path.is_file()
    ]
    texts.append((room.root / "events.jsonl").read_text())
    return attempt, {
        part for text in texts for part in text.replace('"', " ").replace("\\", " ").split() if MARK in part
    }


@needs_sandbox
@pytest.mark.usefixtures("canaries")
def test_a_hostile_agent_finds_no_canary(room: Room) -> None:
    """Nothing secret of job, home, processes, repository or other tickets is in change, bundle, words, record or request.

    Nor is the key of its own model, which its model's server sees."""
    attempt, found = hostile(room, configured())
    assert found == set()
    assert json.loads(room.read(attempt, "found.json")) == []
    assert attempt.runs[0].sandbox.startswith(
        "sandbox of bubblewrap; network: open; its model through the gateway to 127.0.0.1:"
    )


def test_the_same_agent_finds_canaries_without_a_sandbox(room: Room, canaries: Mapping[str, str]) -> None:
    """What the sandbox hides is really there, also from the neighbour's environment; the job's own variables are not."""
    _, found = hostile(room, configured(mode="off"))
    told = " ".join(found)
    for name in ("netrc", "credentials", "key", "remote", "untracked", "prompt", "worktree", "neighbour"):
        assert canaries[name] in told, name
    assert canaries["variable"] not in told.replace(canaries["neighbour"], "") or "variable" in told


@needs_sandbox
def test_a_folder_that_is_opened_shows_the_project_no_more(room: Room, canaries: Mapping[str, str]) -> None:
    """`sandbox.read` of a folder around repository, home and factory opens none of them."""
    (room.root / "public.txt").write_text("to be read")
    config = configured(read=[str(room.root)])
    attempt = room.work(
        command=f"cat {room.root}/public.txt > seen.txt; ls {room.repo} {room.hub.folder} >> seen.txt",
        config=config,
    )
    assert room.read(attempt, "seen.txt").startswith("to be read")
    assert "README" not in room.read(attempt, "seen.txt")
    assert "objects" not in room.read(attempt, "seen.txt").split(str(room.hub.folder))[-1]
    shutil.rmtree(room.root / "out/T-1")
    _, found = hostile(room, config)
    outside = {canaries[name] for name in ("netrc", "key", "remote", "untracked", "prompt", "worktree")}
    assert not {one for one in outside if one in " ".join(found)}


@needs_sandbox
def test_nothing_outside_can_be_written(room: Room) -> None:
    """The agent's own folders are all that it can change."""
    targets = [room.repo, room.hub.folder, room.root, Path.home(), Path("/usr"), Path("/etc"), Path("/")]
    code = (
        "import os, pathlib\nwritten = []\n"
        f"for folder in {[str(each) for each in targets]!r} + [os.path.dirname(os.environ['CI_FACTORY_PROMPT'])]:\n"
        "    try:\n        os.makedirs(folder, exist_ok=True)\n        pathlib.Path(folder, 'trap').write_text('x')\n        written.append(folder)\n"
        "    except OSError: pass\n"
        "for name in ('PROMPT', 'TICKET', 'FEEDBACK'):\n"
        "    try:\n        open(os.environ[f'CI_FACTORY_{name}'], 'a').write('x')\n        written.append(name)\n"
        "    except OSError: pass\n"
        "pathlib.Path('written.txt').write_text(repr(written))\n"
    )
    attempt = room.work(command=python(code))
    written = ast.literal_eval(room.read(attempt, "written.txt"))
    its_own = ("/tmp/", "/dev/shm/")  # noqa: S108 - folders of the sandbox, which are in memory and gone with it
    assert [name for name in written if not name.startswith(its_own)] == []
    assert not any((target / "trap").exists() for target in targets)


@needs_sandbox
def test_git_works_in_the_sandbox(room: Room) -> None:
    """Status, diff, log and commit do; there is no remote and no branch of anybody."""
    command = (
        "echo more >> README.md; git diff --stat > seen.txt; git log --oneline >> seen.txt; git remote >> seen.txt;"
        "git branch -a >> seen.txt; git add README.md; git commit -qm mine; git status --short >> seen.txt"
    )
    attempt = room.work(command=command)
    seen = room.read(attempt, "seen.txt")
    assert "README.md | 1 +" in seen
    assert "* (no branch)" in seen
    assert "origin" not in seen
    assert seen.splitlines()[-1] == "?? seen.txt"
    assert attempt.diff.files == ("README.md", "seen.txt")


@needs_sandbox
def test_a_ticket_on_top_of_another_sees_that_change(room: Room) -> None:
    """A base that only the factory's own repository knows is copied to the agent, with its history."""
    below = room.work(command="echo 1 > below.txt")
    room.base = below.head
    attempt = room.work(
        room.planned("T-2"), command="cat below.txt > above.txt; git log --oneline | wc -l >> above.txt"
    )
    assert room.read(attempt, "above.txt").split() == ["1", "2"]


@needs_sandbox
def test_agents_of_ours_work_in_the_sandbox(room: Room) -> None:
    """`scripted` and `autofix` find interpreter, package, scripts and tools."""
    script = {"attempts": [[{"steps": [{"write": "new.py", "content": "x = 1\n"}]}]]}
    assert room.work(agent=room.scripted(script)).diff.files == ("new.py",)
    body = "```autofix\ntool: ruff-format\nfiles: [auth/login.py]\n```"
    planned = room.planned("T-2", body=body)
    attempt = room.work(planned, agent=AgentConfig(name="one", adapter="autofix"))
    assert attempt.diff.files == ("auth/login.py",)
    assert attempt.runs[0].sandbox.startswith("sandbox of bubblewrap")


class Hello(BaseHTTPRequestHandler):
    """Says hello."""

    def do_GET(self) -> None:
        """One word, and what was asked for."""
        body = f"hello {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Silent."""


@contextmanager
def server() -> Iterator[int]:
    """A server on this machine's loopback; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_address[1]
        running.shutdown()


FETCH = """
import sys, urllib.request
for address in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(address, timeout=5).read().decode())
    except Exception as error:
        print(type(error).__name__, getattr(error, "code", ""))
"""


def fetched(room: Room, addresses: list[str], **settings: object) -> tuple[Any, list[str]]:
    """What an agent gets from addresses, in order."""
    command = f"{python(FETCH)} {' '.join(addresses)} > got.txt"
    attempt = room.work(command=command, config=configured(**settings))
    return attempt, (room.read(attempt, "got.txt") or "").splitlines()


@needs_sandbox
@pytest.mark.parametrize(("network", "expected"), [("open", "hello /a"), ("none", "URLError ")])
def test_network_is_there_or_is_not(room: Room, network: str, expected: str) -> None:
    """With `none` a server on this very machine is out of reach."""
    with server() as port:
        attempt, got = fetched(room, [f"http://127.0.0.1:{port}/a"], network=network)
    assert got == [expected]
    assert attempt.runs[0].sandbox == f"sandbox of bubblewrap; network: {network}"


@needs_sandbox
def test_only_listed_hosts_are_reached(room: Room) -> None:
    """Directly, by name and through the proxy: the listed port answers, another one of the same machine does not."""
    with server() as listed, server() as other:
        code = (
            "import os, socket\n"
            "place = os.environ['HTTPS_PROXY'].rpartition(':')[2]\n"
            "def ask(text):\n"
            "    with socket.create_connection(('127.0.0.1', int(place)), timeout=5) as one:\n"
            "        one.sendall(text.encode()); data = one.recv(99)\n"
            "        if b' 200 ' in data and text.startswith('CONNECT'):\n"
            "            one.sendall(b'GET /tunnel HTTP/1.0\\r\\n\\r\\n'); data = b''\n"
            "            while piece := one.recv(999): data += piece\n"
            "        return data\n"
            f"print(ask('CONNECT 127.0.0.1:{listed} HTTP/1.1\\r\\n\\r\\n').endswith(b'hello /tunnel'))\n"
            f"print(ask('CONNECT 127.0.0.1:{other} HTTP/1.1\\r\\n\\r\\n').split(b'\\r\\n')[0].decode())\n"
            f"print(ask('GET http://localhost:{other}/ HTTP/1.1\\r\\n\\r\\n').split(b'\\r\\n')[0].decode())\n"
            "print(ask('nonsense\\r\\n\\r\\n').split(b'\\r\\n')[0].decode())\n"
        )
        command = f"{python(FETCH)} http://127.0.0.1:{listed}/a http://127.0.0.1:{other}/b > got.txt; {python(code)} >> got.txt"
        config = configured(network="allowlist", hosts=[f"127.0.0.1:{listed}"])
        attempt = room.work(command=command, config=config)
        got = (room.read(attempt, "got.txt") or "").splitlines()
    assert got == ["hello /a", "URLError ", "True", *["HTTP/1.1 403 Forbidden"] * 3]
    log = (room.root / "out/T-1/agent/1-1-implement.log").read_text()
    assert f"refused by the list of hosts: 127.0.0.1:{other}, localhost:{other}" in log


@needs_sandbox
def test_children_without_end_are_gone_after_the_time_out(room: Room) -> None:
    """Also those in sessions of their own; the work is kept."""
    mark = f"mark-{secrets.token_hex(8)}"
    code = (
        "import os, time, pathlib\npathlib.Path('half.txt').write_text('half')\n"
        "for _ in range(30):\n    if os.fork() == 0:\n        os.setsid()\n"
        "        if os.fork() == 0:\n            while True: time.sleep(0.05); pathlib.Path('beat').touch()\n        os._exit(0)\n"
        f"time.sleep(60) # {mark}"
    )
    attempt = room.work(command=python(code), timeout=2)
    assert attempt.ending is Ending.TIMEOUT
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark in _read(path)]
    assert "half.txt" in attempt.diff.files


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


@needs_sandbox
def test_a_background_process_does_not_outlive_its_agent(room: Room) -> None:
    """What is still running when the agent ends is dead before its change is looked at."""
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n"
        "    for number in range(100000): open('late.txt', 'w').write(str(number)); time.sleep(0.001)\n"
        "time.sleep(0.3)\n"
    )
    attempt = room.work(command=python(code))
    assert attempt.ending is Ending.COMPLETED
    assert int(room.read(attempt, "late.txt") or 0) < 5000


LIMITS = {
    "output": ("yes", {"output_mb": 1}, "printed more than 1 MB"),
    "documents": (
        'head -c 3000000 /dev/zero > "$CI_FACTORY_OUT/big"',
        {"output_mb": 1},
        "more than 1 MB of documents",
    ),
    "disk": (
        "for n in 1 2 3 4; do head -c 1000000 /dev/zero > $n; done",
        {"disk_mb": 3},
        "wrote more than 3 MB",
    ),
    "many files": ("mkdir d; cd d; seq 2000 | xargs touch", {"disk_mb": 3}, "wrote more than 3 MB"),
    "temporary files": (
        "head -c 5000000 /dev/zero > /tmp/big; sleep 5",
        {"disk_mb": 3},
        "wrote more than 3 MB",
    ),
    "one file": ("head -c 3000000 /dev/zero > big", {"file_mb": 1}, "the agent failed: exit code"),
}


@needs_sandbox
@pytest.mark.parametrize(("command", "settings", "reason"), LIMITS.values(), ids=LIMITS)
def test_huge_things_end_the_ticket_and_no_other(
    room: Room, command: str, settings: dict[str, int], reason: str
) -> None:
    """Output, files and documents without end: a clear reason, nothing huge kept, and the next ticket goes on."""
    attempt = room.work(command=command, config=configured(**settings), timeout=30)
    assert attempt.ending is Ending.AGENT_FAILED
    assert reason in attempt.reason
    kept = sum(path.stat().st_size for path in (room.root / "out/T-1").rglob("*") if path.is_file())
    assert kept < 40_000_000
    assert room.leftovers() == []
    assert room.work(room.planned("T-2"), command="echo 1 > new.py").ending is Ending.COMPLETED


@needs_sandbox
def test_too_many_processes_end_the_ticket(room: Room) -> None:
    """Whoever it runs as: refused by the kernel, or seen and killed."""
    command = "for n in $(seq 60); do sleep 20 & done; wait"
    started = time.monotonic()
    attempt = room.work(command=command, config=configured(processes=16), timeout=30)
    assert attempt.ending in {Ending.AGENT_FAILED, Ending.NO_CHANGE}
    assert time.monotonic() - started < 15


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH with git and a shell, and without bubblewrap."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("git", "sh", "cat", "env", "touch"):
        (folder / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.usefixtures("bare_machine")
def test_without_bubblewrap_the_fall_back_is_said(room: Room) -> None:
    """In the log, the attempt, its checkpoint and the transcript; a limit of the network that can't be held too."""
    attempt = room.work(command="echo 1 > new.py", config=configured(network="none"))
    words = "no sandbox: bubblewrap (bwrap) is not installed; network: open, although the configuration asks for: none"
    assert attempt.ending is Ending.COMPLETED
    assert attempt.runs[0].sandbox == words
    c2 = next(one for one in attempt.checkpoints if one.name is CheckpointName.C2)
    assert words in c2.notes
    assert words in (room.root / "out/T-1/agent/1-1-implement.log").read_text()
    event = next(event for event in room.events() if event.kind == "sandbox")
    assert event.data == {"works": False, "network": "none", "said": words}


@pytest.mark.usefixtures("bare_machine")
def test_required_refuses_before_an_agent_starts(room: Room) -> None:
    """One clear error, and no agent ran."""
    config = configured(mode="required")
    with pytest.raises(FactoryError, match="is not installed") as caught:
        room.work(command=f"touch {room.root}/ran", config=config)
    assert "user namespaces" in caught.value.fix
    assert not (room.root / "ran").exists()
    with pytest.raises(FactoryError):
        confinement.require([AgentConfig(name="one", adapter="command")], config)


def test_an_agent_may_have_another_network() -> None:
    """An agent's own setting wins, and its hosts are added to the project's."""
    config = configured(network="none", hosts=["a.example.com"])
    agent = AgentConfig(name="one", adapter="command", network="allowlist", hosts=("b.example.com:8443",))
    found = confinement.of(agent, config)
    assert (found.network, found.hosts) == ("allowlist", ("a.example.com", "b.example.com:8443"))
    assert confinement.of(AgentConfig(name="two", adapter="command"), config).network == "none"


def test_an_agents_model_can_be_reached() -> None:
    """What the adapter says it needs is on the list, once."""
    agent = AgentConfig(name="one", adapter="command", hosts=("a.example.com",))
    found = confinement.of(agent, configured(network="allowlist"), ["api.example.com", "a.example.com"])
    assert found.hosts == ("a.example.com", "api.example.com")


def test_descriptors_of_ours_are_not_inherited(room: Room) -> None:
    """A file or connection that we have open is closed to the agent."""
    with socket.socket() as ours:
        os.set_inheritable(ours.fileno(), True)
        attempt = room.work(command="ls -l /proc/self/fd > seen.txt")
    assert "socket" not in room.read(attempt, "seen.txt")
