"""Pages of a project on GitLab, from the address of a git remote. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_SSH = re.compile(r"(?:[A-Za-z0-9._-]+@)?(?P<host>[A-Za-z0-9.-]+):(?!//)(?P<path>[^\s:]+)")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")


@dataclass(frozen=True)
class Pages:
    """Addresses of pages; without a project only the way through the menus is known."""

    project: str = ""
    """`https://host/group/name`, empty when no GitLab is known."""

    @property
    def tokens(self) -> str:
        """Project access tokens."""
        return self._at("settings/access_tokens")

    @property
    def variables(self) -> str:
        """CI variables."""
        return self._at("settings/ci_cd#js-cicd-variables-settings")

    @property
    def members(self) -> str:
        """Members."""
        return self._at("project_members")

    @property
    def schedule(self) -> str:
        """A new pipeline schedule."""
        return self._at("pipeline_schedules/new")

    @property
    def labels(self) -> str:
        """A new label."""
        return self._at("labels/new")

    def _at(self, page: str) -> str:
        return f"{self.project}/-/{page}" if self.project else ""


def pages(remote: str, servers: tuple[str, ...] = ()) -> Pages:
    """Pages of the project that a remote names, when its host is one of `servers` or is called gitlab.

    Credentials in the address are left out.
    """
    scheme, host, path = _parts(remote)
    known = {urlsplit(server).hostname for server in servers}
    path, name = path.strip("/").removesuffix(".git"), host.partition(":")[0]
    if not _PATH.fullmatch(path) or not (name in known or "gitlab" in name):
        return Pages()
    return Pages(f"{scheme}://{host}/{quote(path)}")


def _parts(remote: str) -> tuple[str, str, str]:
    """Scheme, host with its port, and path; a port of SSH says nothing about the web."""
    if found := _SSH.fullmatch(remote):
        return "https", found["host"].lower(), found["path"]
    try:
        parts = urlsplit(remote)
        port = parts.port
    except ValueError:
        return "", "", ""
    host = (parts.hostname or "").lower()
    if parts.scheme in {"http", "https"}:
        return parts.scheme, f"{host}:{port}" if port else host, parts.path
    return ("https", host, parts.path) if parts.scheme == "ssh" else ("", "", "")
