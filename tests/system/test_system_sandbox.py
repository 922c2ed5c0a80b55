"""The sandbox's mechanics: what is laid over what, whom the door lets pass, and who is stopped."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.config import parse
from ci_factory.errors import ConfigError
from ci_factory.system import process, sandbox
from ci_factory.system.network_door import Hosts
from ci_factory.system.sandbox import Box


def mounts(box: Box) -> list[str]:
    """Kinds and places of the mounts after the system's, in order."""
    words = sandbox.arguments("bwrap", box, ())
    start = words.index("/dev/shm") + 1  # noqa: S108 - the sandbox's own
    found, rest = [], list(words[start : words.index("--remount-ro")])
    while rest:
        kind = rest.pop(0)
        rest = rest if kind == "--tmpfs" else rest[1:]
        found.append(f"{kind.strip('-')} {rest.pop(0)}")
    return found


def test_a_deeper_path_is_laid_over_what_is_around_it() -> None:
    """A secret folder in a readable one is emptied, and what is the agent's in that one is there again."""
    box = Box(
        cwd=Path("/a/secret/tree"),
        temporary=Path("/a/secret/tmp"),
        writable=(Path("/a/secret/tree"),),
        readable=(Path("/a"), Path("/a/open"), Path("/a/secret/venv"), Path("/b")),
        hidden=(Path("/a/secret"), Path("/elsewhere")),
    )
    assert mounts(box) == [
        *("bind /tmp", "ro-bind-try /a", "ro-bind-try /b", "tmpfs /a/secret"),
        *("bind /a/secret/tree", "ro-bind-try /a/secret/venv"),
    ]
    assert "--unshare-net" not in sandbox.arguments("bwrap", box, ())


@given(st.sets(st.sampled_from(["/a", "/a/b", "/a/b/c", "/d"]), min_size=1))
def test_what_is_hidden_stays_hidden(readable: set[str]) -> None:
    """Whatever around it is readable, the emptied folder comes after it."""
    box = Box(Path("/w"), Path("/t"), (), tuple(map(Path, readable)), (Path("/a/b/c/secret"),))
    found = mounts(box)
    around = [one for one in found if one.startswith("ro-bind-try /a")]
    assert (found[-1] == "tmpfs /a/b/c/secret") == bool(around)


@pytest.mark.parametrize(
    ("listed", "host", "port", "passes"),
    [
        ("api.example.com", "api.example.com", 443, True),
        ("api.example.com", "API.example.com.", 443, True),
        ("api.example.com", "api.example.com", 80, False),
        ("api.example.com", "api.example.com.evil.org", 443, False),
        ("api.example.com", "evil-api.example.com", 443, False),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "evilexample.com", 443, False),
        ("localhost:8080", "localhost", 8080, True),
    ],
)
def test_only_what_is_listed_passes(listed: str, host: str, port: int, passes: bool) -> None:
    """Name and port, exactly; a star stands for hosts below."""
    assert ((host, port) in Hosts((listed,))) is passes


def test_whoever_watches_a_process_can_end_it() -> None:
    """The watcher's reason is told, with all that was printed so far."""
    code = "import time\nprint('x' * 100, flush=True)\ntime.sleep(30)"
    done = process.run(
        [sys.executable, "-c", code], timeout=20, watch=lambda size: f"{size} bytes" if size else ""
    )
    assert done.stopped == "101 bytes"
    assert not done.ok
    assert not done.timed_out
    assert done.seconds < 10


def test_a_watched_process_is_late_all_the_same() -> None:
    """A watcher that is content does not suspend the time-out."""
    done = process.run(["sleep", "30"], timeout=1.3, watch=lambda _: "")
    assert done.timed_out
    assert not done.stopped
    assert 1 < done.seconds < 5


@pytest.mark.parametrize("text", ["sandbox: off", "sandbox: {mode: off}", "sandbox: 'off'"])
def test_a_mode_may_stand_alone(text: str) -> None:
    """`sandbox: off` means what it says, although YAML reads a truth value."""
    assert parse(text).sandbox.mode == "off"
    assert parse("sandbox: required").sandbox.mode == "required"


@pytest.mark.parametrize(
    "text",
    ["sandbox: on", "sandbox: {hosts: ['https://x']}", "sandbox: {hosts: ['*']}", "sandbox: {network: some}"],
)
def test_a_wrong_setting_is_an_error(text: str) -> None:
    """Nobody gets a weaker sandbox by a slip of the pen."""
    with pytest.raises(ConfigError, match="sandbox"):
        parse(text)


def test_private_folders_around_programs_stay_private(tmp_path: Path) -> None:
    """Of a `bin` below the home folder or ~/.local only itself is shown; of an installation all of it."""
    home = tmp_path / "home"
    for name in (".local/bin", ".local/lib", "bin", "lib", ".nvm/v22/bin", ".nvm/v22/lib", ".pyenv/shims"):
        (home / name).mkdir(parents=True)
    path = (
        ":".join(str(home / name) for name in (".local/bin", "bin", ".nvm/v22/bin", ".pyenv/shims", "."))
        + ":/usr/bin:rel"
    )
    shown = {str(place.relative_to(home)) for place in sandbox.installations(path, home)}
    assert shown == {".local/bin", "bin", ".nvm/v22/bin", ".nvm/v22", ".pyenv/shims", ".pyenv"}
