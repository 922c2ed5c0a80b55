"""Whether a configured agent could work here: its program, that program's version, the variables it needs."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ci_factory.config import AgentConfig
from ci_factory.errors import FactoryError
from ci_factory.model.health import Check, failed, ok, warning
from ci_factory.model.text import plain
from ci_factory.system import ci_env, process
from ci_factory.work import model_access
from ci_factory.work.agents.protocol import Adapter, Capability
from ci_factory.work.agents.registry import ADAPTERS

_VERSION = re.compile(r"(?<![\w.])v?(\d{1,6}(?:\.\d{1,6}){1,3})")
_PATIENCE = 60.0
"""Seconds for a program to say its version; some load a hundred modules first."""
_HERE = "not here; that matters only where the agent runs"


def check(agent: AgentConfig, folder: Path) -> Check:
    """One agent. What is missing is a warning, as the agent's job may have it; what can't work at all fails."""
    name = f"agent {agent.name}"
    make = ADAPTERS.get(agent.adapter)
    if make is None:
        known = ", ".join(sorted(ADAPTERS))
        return failed(name, f"there is no adapter {agent.adapter!r}", f"use one of: {known}")
    try:
        adapter = make(agent, folder)
        way = model_access.route(agent, adapter.capability).words
    except FactoryError as error:
        return failed(name, error.what, error.fix)
    said, troubles = _program(agent, adapter.capability)
    troubles += tuple(_troubles(agent, adapter))
    words = f"adapter {agent.adapter}{f': {said}' if said else ''}"
    words = "; ".join(filter(None, (words, way)))
    if not troubles:
        return ok(name, words)
    wrong, fixes = zip(*troubles, strict=True)
    return warning(name, "; ".join((words, *wrong)), "; ".join(dict.fromkeys(fixes)))


Troubles = tuple[tuple[str, str], ...]
"""What is wrong, and what to do about it."""


def _program(agent: AgentConfig, capability: Capability) -> tuple[str, Troubles]:
    """Which program it is, in words; and what is wrong with it."""
    program = capability.program or _first_word(agent.command)
    if program is None:
        return "", ()
    path = process.which(program)
    if path is None:
        return "", ((f"{program} is not on PATH here", f"install {program}, or put it on PATH of the jobs"),)
    if capability.program is None:
        return "", ()
    version = _version(path, capability)
    if version is None:
        return program, ((f"{program} does not say its version", f"run {program} --version by hand"),)
    if not version.startswith(capability.known_versions):
        tried = ", ".join(known.rstrip(".") for known in capability.known_versions)
        fix = f"install {program} {tried}, or try one ticket and look at its transcript"
        return f"{program} {version}", ((f"a version that nobody tried (tried: {tried})", fix),)
    return f"{program} {version}, a version that was tried", ()


def _first_word(command: str | None) -> str | None:
    """The program of a plain command line; `None` where a shell would have to say."""
    words = (command or "").split()
    return words[0] if words and words[0].replace("-", "").replace("_", "").isalnum() else None


def _version(path: str, capability: Capability) -> str | None:
    """What the program says, asked with an empty home and without anybody's credentials."""
    with tempfile.TemporaryDirectory() as home:
        env = ci_env.allowed((), {"HOME": home, "COLUMNS": "200"})
        done = process.run(
            (path, *capability.version_arguments), cwd=Path(home), env=env, timeout=_PATIENCE, limit=64 * 1024
        )
    found = _VERSION.search(plain(done.stdout, 4000)) or _VERSION.search(plain(done.stderr, 4000))
    return found[1] if found else None


def _troubles(agent: AgentConfig, adapter: Adapter) -> Iterator[tuple[str, str]]:
    capability = adapter.capability
    elsewhere = f"set it as a CI variable of the agent's job ({_HERE})"
    keys = capability.keys
    own = [name for name in agent.env if name not in keys]
    if keys and not own and not any(ci_env.variable(name) for name in keys):
        yield f"{' or '.join(keys)} is not set here", elsewhere
    if capability.program and not keys and not own:
        yield "whose key the model needs is not known by its name", "name its variable under `env`"
    if missing := [name for name in own if ci_env.variable(name) is None]:
        yield f"not set here: {', '.join(missing)}", elsewhere
    if agent.max_size.rank > capability.max_size.rank:
        limit = capability.max_size.value
        yield (
            f"it takes {agent.max_size.value} tickets, and is known for {limit} ones",
            f"set max_size: {limit}",
        )
