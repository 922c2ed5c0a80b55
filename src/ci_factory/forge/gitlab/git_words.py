"""What git says of a push or fetch over HTTP, as errors; pure. Git speaks English to us: LC_ALL is C.UTF-8."""

import re

from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.model.text import plain

_WORDS = 400
_STATUS = re.compile(r"The requested URL returned error: (?P<code>[0-9]{3})")
_CERTIFICATE = re.compile(
    r"SSL certificate problem|certificate verification failed|certificate subject name|no alternative certificate"
)
_BROKEN = re.compile(
    r"unable to access|RPC failed|hung up unexpectedly|early EOF|unexpected disconnect|"
    r"expected flush|invalid index-pack output|remote failed to report status|bad line length",
    re.IGNORECASE,
)
_UNKNOWN_TOKEN = re.compile(r"Authentication failed|could not read (?:Username|Password)")
_RESULT = re.compile(
    r"^(?P<flag>[ +\-*!=])\t(?:[^\t\n:]*:)?(?P<ref>[^\t\n:]*)\t(?P<summary>.*)$", re.MULTILINE
)
_STALE = ("stale info", "fetch first", "non-fast-forward", "reference already exists")
_TOKEN_FIX = "make a new token with the scopes `api` and `write_repository` for forge.token_variable"  # noqa: S105 - a sentence
_ROLE_FIX = "give the token's user at least the role Developer, and the token the scope `write_repository`; an archived project takes no pushes"


def status(stderr: str) -> int | None:
    """The HTTP status that made git fail, when it was one."""
    found = _STATUS.search(_own(stderr))
    return int(found["code"]) if found else None


def passing_trouble(stdout: str, stderr: str) -> str | None:
    """Why it failed, if trying again may help: no connection, a broken one, 5xx. `None` for a definite answer."""
    code, own = status(stderr), f"{stdout}\n{_own(stderr)}"
    if (code is not None and code < 500) or _CERTIFICATE.search(own):  # noqa: PLR2004 - HTTP's own classes
        return None
    return _said(stderr) if code is not None or _BROKEN.search(own) else None


def _own(stderr: str) -> str:
    """What git says itself; what the server's hooks say is theirs."""
    return "\n".join(line for line in stderr.splitlines() if not line.startswith("remote:"))


def pushed(stdout: str) -> bool:
    """Whether `git push --porcelain` moved the branch, or found it where it was to go."""
    found = _RESULT.search(stdout)
    return found is not None and found["flag"] != "!"


def stale(stdout: str) -> frozenset[str]:
    """Refs that `git push --porcelain` found elsewhere."""
    found = (each for each in _RESULT.finditer(stdout) if each["flag"] == "!")
    return frozenset(each["ref"] for each in found if any(word in each["summary"] for word in _STALE))


def taken(stdout: str) -> frozenset[str]:
    """Refs that `git push --porcelain` moved, or found where they were to go."""
    return frozenset(each["ref"] for each in _RESULT.finditer(stdout) if each["flag"] != "!")


def moved(branch: str, expected: str | None) -> Conflict:
    """The error for a branch that is not where it was expected."""
    place = f"at {expected}" if expected else "absent"
    return Conflict(f"{branch} moved in the meantime: it is not {place}", fix="run again")


def refusal(stdout: str, stderr: str, where: str) -> ForgeError:
    """The error that stands for a definite refusal."""
    code, said, own = status(stderr), _said(stderr), _own(stderr)
    if _UNKNOWN_TOKEN.search(own) and code != 403:  # noqa: PLR2004 - the status codes of HTTP are names
        return Refused(f"GitLab does not accept the token: {said}", where=where, fix=_TOKEN_FIX, status=401)
    if code in {401, 403}:
        return Refused(f"GitLab forbids it: {said}", where=where, fix=_ROLE_FIX, status=code)
    if code == 404 or re.search(r"repository '.*' not found", own):  # noqa: PLR2004 - the same
        fix = "check forge.project, and that the token's user may see it"
        return NotFound(f"GitLab does not find the project: {said}", where=where, fix=fix)
    if _CERTIFICATE.search(own):
        fix = "name the file of its certificate authority in REQUESTS_CA_BUNDLE"
        return ForgeError(f"the server's certificate is not trusted: {said}", where=where, fix=fix)
    found = _RESULT.search(stdout)
    if found is None:
        return ForgeError(f"git failed: {said}", where=where)
    summary = plain(found["summary"], 100)
    fix = "let the token's user push branches `factory/*`: look at protected branches and push rules of the project"
    return ForgeError(f"GitLab rejects the push: {summary}: {said}", where=where, fix=fix)


def _said(stderr: str) -> str:
    """The server's own words, else git's last ones."""
    remote = [
        line.removeprefix("remote:").strip() for line in stderr.splitlines() if line.startswith("remote:")
    ]
    own = [line for line in stderr.splitlines() if line.startswith(("fatal:", "error:"))]
    return plain(" ".join([word for word in remote if word.strip("=")] or own or [stderr]), _WORDS)
