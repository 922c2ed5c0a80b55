"""Addresses of a GitLab server: which are accepted, and which belong to it."""

import ipaddress
import re
from urllib.parse import SplitResult, quote, urlsplit

from ci_factory.errors import ConfigError, ForgeError

_PORTS = {"http": 80, "https": 443}
_PATH = re.compile(r"(?:/[A-Za-z0-9_.~-]+)*")
_PROJECT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")
_API_PATH = re.compile(r"(?:/[A-Za-z0-9_.~%:@!$&'()*+,;=-]+)+")


def server(url: str, *, allow_http: bool = False) -> str:
    """The address of a server without a trailing slash or `/api/v4`.

    Plain http is for loopback, unless allowed in so many words: it shows the token to everybody on the way.

    Raises:
        ConfigError: it is no such address, has credentials in it (which are not repeated), or is not encrypted.
    """
    parts = _split(url)
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise _wrong("has credentials in it", "take them out and give the token in its own variable")
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise _wrong("is not the address of a server", "write https://gitlab.example.com")
    if parts.scheme == "http" and not (allow_http or is_loopback(parts.hostname)):
        raise _wrong("is not encrypted: the token could be read on the way", "write https:// instead")
    path = parts.path.rstrip("/").removesuffix("/api/v4").rstrip("/")
    if not _PATH.fullmatch(path) or _climbs(path):
        raise _wrong("is not the address of a server", "write https://gitlab.example.com")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _wrong("is not an address", "write https://gitlab.example.com")
    return parts


def _wrong(what: str, fix: str) -> ConfigError:
    return ConfigError(what, where="forge.url", fix=fix)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, without asking a name server."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what has to be equal for two addresses to be of one server."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


def api_path(path: str) -> str:
    """A path below /api/v4, as it is.

    Raises:
        ForgeError: something in it was not percent-encoded, or it climbs out of the API.
    """
    if not _API_PATH.fullmatch(path) or _climbs(path):
        raise ForgeError(
            f"{path!r} is not a path of the API", fix="encode every part of it with quote(…, safe='')"
        )
    return path


def _climbs(path: str) -> bool:
    return any(part in {".", ".."} for part in path.replace("%2E", ".").replace("%2e", ".").split("/"))


def repository(url: str, project: str) -> str:
    """Where git finds a project, `https://host/group/name.git`.

    Raises:
        ForgeError: that is not the path of a project.
    """
    if not _PROJECT.fullmatch(project) or _climbs(project):
        raise ForgeError(f"{project!r} is not the path of a project", fix="write group/name in forge.project")
    return f"{url}/{quote(project)}.git"
