"""Asks the users' own package index, by its own client: pip's configuration and npm's registry, with their proxies.

Clients run on one plain name, in an empty folder, and read nothing of the change. pip runs isolated and takes wheels
only, so that no code of a package is executed.
"""

import email
import email.policy
import json
import re
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.gates.tools import environment, interpreter
from ci_factory.manifests.model import Ecosystem
from ci_factory.manifests.queries import PIP_REPORT
from ci_factory.model.base import Value
from ci_factory.system import ci_env, process

_NAMES = {
    Ecosystem.PYPI: re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?"),
    Ecosystem.NPM: re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]{0,100}/)?[A-Za-z0-9~][A-Za-z0-9._~-]{0,150}"),
}
"""What an index can have a package of; nothing else is put on a command line."""
_VERSION = re.compile(r"\d[\w.+!-]{0,60}")
_MISSED = re.compile(r"Could not fetch URL \S+: (?P<why>.+?)(?: - skipping)?$", re.MULTILINE)
_IGNORED = re.compile(r"Location 'file://(?P<root>/[^']*?)/[^/']+/' is ignored")
_OFFERED = re.compile(
    r"^\s*(?:Found link |Link requires a different Python|Skipping link: none of the wheel's tags)",
    re.MULTILINE,
)
_FETCHED = re.compile(r"^Fetched page ", re.MULTILINE)
_OUTPUT = 8 * 1024 * 1024
_MAX_METADATA = 1024 * 1024
_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
_LICENCE_TEXT = 20_000
_INSTALLED = """
import importlib.metadata, json, sys
found = importlib.metadata.metadata(sys.argv[1])
print(json.dumps({key: found.get_all(name) or [] for key, name in
    (("license_expression", "License-Expression"), ("license", "License"), ("classifier", "Classifier"))}))
"""


class Answer(Value):
    """What an index says about a name."""

    exists: bool
    versions: tuple[str, ...] = ()
    """Empty when it did not say."""
    licences: tuple[str, ...] | None = None
    """What the package says about its licence, the most exact first; `None` when it could not be asked."""


def is_askable(ecosystem: Ecosystem, name: str) -> bool:
    """Whether we have a client for this index, and the name is one that an index can have."""
    pattern = _NAMES.get(ecosystem)
    return pattern is not None and pattern.fullmatch(name) is not None


def ask(subject: Subject, ecosystem: Ecosystem, name: str, pin: str | None, seconds: float) -> Answer:
    """Ask the configured index for a name and the licence of its version.

    Only a yes is kept between runs: what does not exist today may tomorrow.

    Raises:
        Unmeasurable: no definite answer was to be had.
    """
    if ecosystem in _NAMES and not is_askable(ecosystem, name):
        raise Unmeasurable(f"no package of {ecosystem} can have such a name", fix="correct the name")
    if not is_askable(ecosystem, name):
        raise Unmeasurable(
            f"no index is known to ask for {ecosystem} packages",
            fix="a person looks; then name it in gates.dependencies.allow",
        )
    version = pin if pin and _VERSION.fullmatch(pin) else None
    client = _client(subject, ecosystem, seconds)
    key = ["package index", ecosystem.value, name, version, ci_env.allowed(ci_env.PACKAGE_CLIENTS)]
    try:
        return subject.measurements.get(key, Answer, lambda: _yes(client.ask(name, version)))
    except _NoSuchPackage:
        return Answer(exists=False)


class _NoSuchPackage(Exception):
    """The index answered, and has none."""


def _client(subject: Subject, ecosystem: Ecosystem, seconds: float) -> "_Pip | _Npm":
    return _Pip(subject, seconds) if ecosystem is Ecosystem.PYPI else _Npm(subject, seconds)


def _yes(answer: Answer) -> Answer:
    if not answer.exists:
        raise _NoSuchPackage
    return answer


class _Client:
    """Runs a package manager with the users' own settings, in an empty folder."""

    def __init__(self, subject: Subject, seconds: float) -> None:
        self._subject, self._seconds = subject, seconds

    def _run(self, argv: Sequence[str], extra: Mapping[str, str] | None = None) -> process.Completed:
        folder = Path(self._subject.scratch) / "index"
        folder.mkdir(exist_ok=True)
        env = environment(self._subject) | ci_env.allowed(ci_env.PACKAGE_CLIENTS) | dict(extra or {})
        return process.run(argv, cwd=folder, env=env, timeout=self._seconds, limit=_OUTPUT)


class _Pip(_Client):
    _QUICK = ("--retries", "1", "--timeout", "10", "--disable-pip-version-check", "--no-input")

    def ask(self, name: str, version: str | None) -> Answer:
        """By `pip index versions`, whose log says of every index whether it answered."""
        pip = self._pip()
        done = self._run(
            [*pip, "index", "versions", "-vv", "--pre", "--ignore-requires-python", *self._QUICK, name]
        )
        said = f"{done.stdout}\n{done.stderr}"
        if done.ok or _OFFERED.search(said):
            return Answer(
                exists=True, versions=_versions(done.stdout), licences=self._licences(pip, name, version)
            )
        if done.timed_out or "No matching distribution found" not in said or not _all_answered(said):
            raise Unmeasurable(
                f"the package index could not be asked for {name}",
                fix="let the gate job reach the index that pip is configured for",
            )
        return Answer(exists=False)

    def _pip(self) -> list[str]:
        for python in dict.fromkeys((interpreter(self._subject), sys.executable)):
            if self._run([python, "-I", "-m", "pip", "--version"]).ok:
                return [python, "-I", "-m", "pip"]
        raise Unmeasurable("pip is not installed", fix="python -m ensurepip")

    def _licences(self, pip: list[str], name: str, version: str | None) -> tuple[str, ...] | None:
        """Of the newest wheel, or the pinned one; else of what is installed."""
        wanted = f"{name}=={version}" if version else name
        done = self._run([*pip, *PIP_REPORT, *self._QUICK, wanted])
        found = _reported(done.stdout) if done.ok else None
        # Older versions of pip leave the newest fields out of their report.
        return found or self._of_installed(pip[0], name) or self._of_wheel(pip, wanted) or found

    def _of_installed(self, python: str, name: str) -> tuple[str, ...] | None:
        done = self._run([python, "-I", "-c", _INSTALLED, name])
        try:
            return _from_metadata(json.loads(done.stdout)) if done.ok else None
        except (ValueError, AttributeError, RecursionError):
            return None

    def _of_wheel(self, pip: Sequence[str], wanted: str) -> tuple[str, ...] | None:
        folder = Path(tempfile.mkdtemp(dir=self._subject.scratch, prefix="wheel-"))
        flags = ("--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(folder))
        done = self._run([*pip, "download", *flags, *self._QUICK, wanted])
        wheel = next(iter(sorted(folder.glob("*.whl"))), None)
        found = licences_in(wheel) if done.ok and wheel else None
        shutil.rmtree(folder, ignore_errors=True)
        return found


def _all_answered(said: str) -> bool:
    """Whether at least one index said that it has no such name, and none stayed silent."""
    missed = [found["why"] for found in _MISSED.finditer(said)]
    silent = [why for why in missed if not why.startswith(("404 ", "410 "))]
    local = [found["root"] for found in _IGNORED.finditer(said) if Path(found["root"]).is_dir()]
    return not silent and bool(missed or local or _FETCHED.search(said))


def _versions(text: str) -> tuple[str, ...]:
    found = re.search(r"^Available versions: (.+)$", text, re.MULTILINE)
    return tuple(version.strip() for version in found[1].split(",")) if found else ()


def _reported(text: str) -> tuple[str, ...] | None:
    try:
        return _from_metadata(json.loads(text)["install"][0]["metadata"])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None


_FIELDS = (
    ("license_expression", "License-Expression"),
    ("license", "License"),
    ("classifier", "Classifier"),
)
_DAMAGED = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    StopIteration,
    RuntimeError,
    NotImplementedError,
)
_ODD = (ValueError, LookupError, TypeError, AttributeError)
"""What parsers of mail meet in headers that no mail has."""


def licences_in(wheel: Path) -> tuple[str, ...] | None:
    """What the metadata inside of a wheel say about its licence; nothing else of it is read. `None`: they can't be read."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(each for each in archive.namelist() if _METADATA.fullmatch(each))
            with archive.open(name) as stream:
                message = email.message_from_bytes(stream.read(_MAX_METADATA), policy=email.policy.default)
        return _from_metadata({key: message.get_all(field, []) for key, field in _FIELDS})
    except (*_DAMAGED, *_ODD):
        return None


def _from_metadata(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    def texts(key: str) -> list[str]:
        value = metadata.get(key) or []
        return [str(each) for each in (value if isinstance(value, list) else [value])]

    classifiers = [
        each.removeprefix("License :: ") for each in texts("classifier") if each.startswith("License :: ")
    ]
    precise = [each.removeprefix("OSI Approved :: ") for each in classifiers if each != "OSI Approved"]
    found = [*texts("license_expression"), *precise, *texts("license")]
    return tuple(each[:_LICENCE_TEXT] for each in found if each.strip() and each.strip().upper() != "UNKNOWN")


class _Npm(_Client):
    def ask(self, name: str, version: str | None) -> Answer:
        """By `npm view`, which says E404 for a name that the registry does not have."""
        del version  # a package's licence rarely differs between versions; the newest one's is asked
        npm = process.which("npm")
        if npm is None:
            raise Unmeasurable("npm is not installed", fix="install Node.js in the gate job")
        flags = (
            "--json",
            "--fetch-retries=1",
            "--fetch-timeout=10000",
            "--no-update-notifier",
            "--loglevel=silent",
            "--prefer-online",
        )
        path = {"PATH": f"{Path(npm).parent}:{ci_env.variable('PATH') or ''}", "npm_config_logs_max": "0"}
        done = self._run([npm, "view", name, "versions", "license", "name", *flags], path)
        document = _object(done.stdout)
        error = document.get("error")
        if isinstance(error, dict) and error.get("code") == "E404":
            return Answer(exists=False)
        if done.ok and not done.stdout.strip():
            return Answer(exists=False)  # the name is kept, all its versions were taken back
        if not done.ok or document.get("name") is None:
            raise Unmeasurable(
                f"the package registry could not be asked for {name}",
                fix="let the gate job reach the registry that npm is configured for",
            )
        versions = document.get("versions")
        return Answer(
            exists=True,
            versions=tuple(map(str, versions))
            if isinstance(versions, list)
            else (str(versions),)
            if versions
            else (),
            licences=_npm_licences(document.get("license")),
        )


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _npm_licences(value: object) -> tuple[str, ...]:
    if isinstance(value, dict):
        value = value.get("type")
    return (str(value),) if value and not str(value).upper().startswith("SEE LICEN") else ()
