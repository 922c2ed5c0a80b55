"""The only place that reads CI variables and other process environment."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

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
    """An environment of basics, the named variables and `extra`; all others, credentials among them, are dropped."""
    wanted = (*_AGENT_BASICS, *names)
    return {name: os.environ[name] for name in wanted if name in os.environ} | dict(extra or {})


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
