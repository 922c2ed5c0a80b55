"""The only place that reads CI variables and other process environment."""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ci_factory.model.redaction import GITLAB_TOKEN

_AGENT_BASICS = ("PATH", "LANG", "LC_ALL", "TZ", "TERM", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV")


def variable(name: str) -> str | None:
    """A variable by name, `None` when unset or empty."""
    return os.environ.get(name) or None


_SECRETS = {"CI_FACTORY_TOKEN", "CI_JOB_TOKEN"}
"""Names of variables whose values are printed nowhere; `secret` adds to them."""


def secret(name: str) -> str | None:
    """A variable whose value is a secret: from now on it is among `secrets`."""
    _SECRETS.add(name)
    return variable(name)


def secrets() -> tuple[str, ...]:
    """Values that must be masked wherever text leaves the process."""
    return tuple(value for name in sorted(_SECRETS) if (value := variable(name)))


def allowed(names: Iterable[str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment of basics, the named variables and `extra`; all others, credentials among them, are dropped.

    The factory's token and the job's own are dropped even when they are named.
    """
    wanted = (*_AGENT_BASICS, *(name for name in names if name not in _SECRETS))
    return {name: os.environ[name] for name in wanted if name in os.environ} | dict(extra or {})


def colour() -> bool | None:
    """Whether output is to be coloured: NO_COLOR says no, FORCE_COLOR yes; `None`: a terminal is, all else is not."""
    if variable("NO_COLOR"):
        return False
    return True if variable("FORCE_COLOR") else None


_NO = {"", "false", "0", "no", "off"}
_JOB_TOKEN = "CI_JOB_TOKEN"  # noqa: S105 - a name
_FORGE_TOKENS = (
    *("CI_FACTORY_TOKEN", "GITLAB_TOKEN", "GL_TOKEN", "PRIVATE_TOKEN"),
    *("GITLAB_PRIVATE_TOKEN", "GITLAB_ACCESS_TOKEN", "GITLAB_API_TOKEN", "CI_DEPLOY_PASSWORD"),
)
"""Variables that hold a token by the custom of tools for GitLab, whatever the token looks like."""
_TOKEN = re.compile(rf"(?!glcbt-){GITLAB_TOKEN}")
"""A token of GitLab that is not a job's own."""
_FILE_LIMIT = 64 * 1024


def in_job() -> bool:
    """Whether this is a job of a CI system."""
    return any((variable(name) or "").lower() not in _NO for name in ("GITLAB_CI", "CI"))


def job_ends() -> datetime | None:
    """When GitLab ends this job, in UTC; `None` where it does not say."""
    try:
        started = datetime.fromisoformat(variable("CI_JOB_STARTED_AT") or "")
        return started.astimezone(UTC) + timedelta(seconds=int(variable("CI_JOB_TIMEOUT") or ""))
    except (ValueError, OverflowError):
        return None


def on_protected_ref() -> bool:
    """Whether the job runs for a protected branch or tag."""
    return (variable("CI_COMMIT_REF_PROTECTED") or "").lower() == "true"


def forge_credentials(*names: str) -> tuple[str, ...]:
    """Names of set variables that can write to a forge: by their name (`names` has more), or by what they hold.

    CI_JOB_TOKEN is in every job and can't be taken out of it, so it, and what GitLab derives from it, does not count. It
    can't write notes or merge requests, and `allowed` lets no process that we start have it.
    """
    known = {*names, *_FORGE_TOKENS} - {_JOB_TOKEN}
    return tuple(
        sorted(
            name
            for name, value in os.environ.items()
            if value and (name in known or _holds_token(name, value))
        )
    )


def is_forge_credential(name: str, value: str) -> bool:
    """Whether a CI variable would make `forge_credentials` name it, wherever it is read from."""
    return name in _FORGE_TOKENS or _TOKEN.search(value) is not None


def _holds_token(name: str, value: str) -> bool:
    """Whether a token stands in the value, or in the file that a variable of the type `file` names."""
    if _TOKEN.search(value):
        return True
    path = Path(value) if value.startswith("/") and value.endswith(f"/{name}") else None
    try:
        if path is None or not path.is_file():
            return False
        with path.open("rb") as stream:
            return _TOKEN.search(stream.read(_FILE_LIMIT).decode("utf-8", "replace")) is not None
    except OSError:
        return False


_TOOLCHAINS = ("JAVA_HOME", "GOROOT", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "VOLTA_HOME", "NVM_DIR")
_REGISTRIES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "CARGO_HTTP_CAINFO"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_DEFAULT_INDEX"),
    *("NPM_CONFIG_REGISTRY", "npm_config_registry", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK"),
)
_CREDENTIALS = re.compile(r"://[^/\s]*@")


def toolchains() -> dict[str, str]:
    """Where compilers live that are found through the home folder, for programs that get another one."""
    found = allowed(_TOOLCHAINS)
    rustup = Path.home() / ".rustup"
    return {"RUSTUP_HOME": str(rustup)} | found if rustup.is_dir() else found


def registries() -> dict[str, str]:
    """Where packages are installed from; an address with a user or a password in it is left out."""
    found = {name: os.environ[name] for name in _REGISTRIES if name in os.environ}
    return {name: value for name, value in found.items() if not _CREDENTIALS.search(value)}


PACKAGE_CLIENTS = (
    *("HOME", "XDG_CONFIG_HOME", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *(
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_NO_INDEX",
        "PIP_FIND_LINKS",
        "PIP_CONFIG_FILE",
        "PIP_CERT",
    ),
    *("PIP_CLIENT_CERT", "PIP_PROXY", "PIP_TRUSTED_HOST", "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR"),
    *("NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_USERCONFIG", "npm_config_userconfig"),
    *(
        "NPM_CONFIG_GLOBALCONFIG",
        "npm_config_globalconfig",
        "NPM_CONFIG_CAFILE",
        "npm_config_cafile",
        "NPM_TOKEN",
    ),
)
"""Where pip and npm look for an index, and how they get there. Only they are given these."""

_PROXIES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
_AUTHORITIES = (
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "SSL_CERT_FILE"),
    "CI_SERVER_TLS_CA_FILE",
)


def proxies() -> dict[str, str]:
    """The way out of this network."""
    return {name: os.environ[name] for name in _PROXIES if name in os.environ}


def certificates() -> str | None:
    """The file (or folder) of certificate authorities that the user, or a runner for its own server, names.

    `None` for those of the machine; a path that is not there counts as not named.
    """
    named = (variable(name) for name in _AUTHORITIES)
    return next((path for path in named if path and Path(path).exists()), None)
