"""A throw-away repository between a local one and a server: the local one's objects, nobody's settings.

Whatever stands in the configuration of the local repository (`url.*.insteadOf`, `http.*.extraHeader`, credential
helpers, includes, hooks), a git command run here does not see it, and it can't change a ref there.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ci_factory.errors import Conflict
from ci_factory.forge.gitlab.address import is_loopback
from ci_factory.forge.gitlab.token import Token
from ci_factory.system import ci_env, process
from ci_factory.system.git import HUB_CONFIG, Git

_KNOWN = ("refs/heads", "refs/remotes", "refs/ci-factory/remote")
_SILENT_SECONDS = 120


@dataclass(frozen=True)
class Transit:
    """The repository on the way; lives as long as one operation."""

    local: Git
    git: Git
    url: str
    token: Token
    seconds: float

    @classmethod
    @contextmanager
    def opened(cls, local: Git, url: str, token: Token, seconds: float) -> Iterator["Transit"]:
        """Make one, and remove it after use. `seconds` is the time that one git command has."""
        with tempfile.TemporaryDirectory(prefix="ci-factory-transit-") as name:
            folder = Path(name)
            (folder / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
            (folder / "config").write_bytes(HUB_CONFIG)
            for each in ("refs", "objects"):
                (folder / each).mkdir()
            yield cls(local, Git(folder), url, token, seconds)

    def run(self, *args: str, stdin: bytes | None = None) -> process.Completed:
        """Run a git command that may ask the server; its words are without the token.

        The token goes through a pipe to the credential helper, which git asks for this server only.
        """
        with _pipe(f"username=oauth2\npassword={self.token.reveal()}\n".encode()) as end:
            return self.git.isolated(
                *self._settings(end),
                *args,
                env=self._environment(),
                stdin=stdin,
                timeout=self.seconds,
                pass_fds=(end,),
            )

    def _settings(self, end: int) -> Sequence[str]:
        parts = urlsplit(self.url)
        helper = f'!f() {{ test "$1" = get && cat /dev/fd/{end}; }}; f'
        values = {
            "credential.helper": "",
            f"credential.{parts.scheme}://{parts.netloc}.helper": helper,
            "http.followRedirects": "false",
            "http.lowSpeedLimit": "1",
            "http.lowSpeedTime": str(_SILENT_SECONDS),
            "protocol.allow": "never",
            f"protocol.{parts.scheme}.allow": "always",
            "submodule.recurse": "false",
            "fetch.unpackLimit": "1",  # a pack appears whole; loose commits, killed half-way, would lack their files
        }
        return [word for key, value in values.items() for word in ("-c", f"{key}={value}")]

    def _environment(self) -> Mapping[str, str]:
        folder, authorities = str(self.git.folder), ci_env.certificates()
        outside = {} if is_loopback(urlsplit(self.url).hostname or "") else ci_env.proxies()
        own = {
            "HOME": folder,  # no .netrc
            "GIT_DIR": folder,
            "GIT_OBJECT_DIRECTORY": str(self.local.common_dir() / "objects"),
        }
        if authorities is not None:
            own["GIT_SSL_CAPATH" if Path(authorities).is_dir() else "GIT_SSL_CAINFO"] = authorities
        return ci_env.allowed((), outside | own)

    def know_local_refs(self) -> None:
        """Take over what the local refs point at, so that only what is new travels, and its links are checked quickly."""
        found = set(self.local.text("for-each-ref", "--format=%(objectname)", *_KNOWN).split())
        head = self.local.ref("HEAD")
        commits = sorted(found | ({head} if head else set()))
        lines = [f"{commit} refs/known/{number:09}\n" for number, commit in enumerate(commits)]
        (self.git.folder / "packed-refs").write_text("".join(lines), encoding="ascii")

    @contextmanager
    def shallow_boundary(self) -> Iterator[None]:
        """Share where the history of a shallow clone ends; afterwards it ends there, in the local one too.

        Raises:
            Conflict: another process moved it in the meantime.
        """
        theirs, ours = self.local.common_dir() / "shallow", self.git.folder / "shallow"
        before = _content(theirs)
        if before is not None:
            ours.write_bytes(before)
        yield
        after = _content(ours)
        if after != before:
            _replace(theirs, before, after)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _replace(path: Path, before: bytes | None, after: bytes | None) -> None:
    """Write the file as git does, which takes `shallow.lock` for the time."""
    lock = path.with_name("shallow.lock")
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        raise _moved(path) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(after or b"")
        if _content(path) != before:
            raise _moved(path)
        if after:
            lock.replace(path)
        else:
            path.unlink(missing_ok=True)
    finally:
        lock.unlink(missing_ok=True)


def _moved(path: Path) -> Conflict:
    return Conflict("another process changes the depth of this clone", where=str(path), fix="run again")


@contextmanager
def _pipe(content: bytes) -> Iterator[int]:
    """The reading end of a pipe that holds some bytes, fewer than its buffer of at least 4096."""
    reading, writing = os.pipe()
    try:
        os.write(writing, content)
        os.close(writing)
        yield reading
    finally:
        with suppress(OSError):
            os.close(reading)
