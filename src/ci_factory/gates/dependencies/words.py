"""What the parts of the gate say things with."""

from urllib.parse import urlsplit

from ci_factory.gates.findings import Observation, clean
from ci_factory.manifests.model import Dependency, normalised
from ci_factory.model.gate import Component, Reason, Region, Severity
from ci_factory.model.gate_settings import DependenciesConfig


def reason(message: str, path: str | None = None, line: int | None = None) -> Reason:
    """A remark, which costs no points."""
    text = clean(message)
    return Reason(component=Component.SECURITY, points=0, message=text, path=path or None, line=line)


def allowed(config: DependenciesConfig, dependency: Dependency) -> bool:
    """Whether the project said that this one is never questioned."""
    return dependency.name in {normalised(dependency.ecosystem, name) for name in config.allow}


def observation(
    rule: str, severity: Severity, path: str, line: int, message: str, about: str, advice: str
) -> Observation:
    """A finding at a line; `about` is what it stays the same by."""
    return Observation(
        rule=rule,
        severity=severity,
        message=message,
        path=path,
        region=Region(line=max(1, line)),
        snippet=about,
        help=advice,
    )


def host(value: str) -> str:
    """The host of an address; credentials in it are not repeated."""
    try:
        return urlsplit(value.strip("\"'")).hostname or "a name without an address"
    except ValueError:
        return "an unreadable address"
