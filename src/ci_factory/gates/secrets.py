"""Credentials in changed files: in their text, in encoded or divided form, in their names, in commit messages.

Our own scanner knows formats and forms, detect-secrets adds values that stand beside a telling name. A secret is
never repeated: findings say its kind and its place.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ci_factory.gates import findings, verdicts
from ci_factory.gates.credentials import placeholders
from ci_factory.gates.credentials.patterns import HELP, PATTERNS
from ci_factory.gates.credentials.redaction import redact
from ci_factory.gates.credentials.scan import Hit, is_binary, scan, scan_bytes
from ci_factory.gates.findings import Observation, Observations
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tools import Tool, dotted, relative
from ci_factory.model.gate import Component, Finding, Reason, Region, Severity

DETECT_SECRETS = Tool("detect-secrets")
MAX_BYTES = 16 * 1024 * 1024
"""Of one file; a larger one is not scanned, and said to be so."""
_MAX_MESSAGES = 1000
"""Commits whose messages are read."""
_FLAGS = [
    "--all-files",
    # Public addresses are no credentials.
    "--disable-plugin",
    "IPPublicDetector",
    # A comment in the change can't declare the change clean.
    "--disable-filter",
    "detect_secrets.filters.allowlist.is_line_allowlisted",
    # A name can't either.
    "--disable-filter",
    "detect_secrets.filters.heuristic.is_swagger_file",
]
_FORMATS = hashlib.sha256(
    "\0".join(f"{each.kind} {each.expression.pattern}" for each in PATTERNS).encode()
).hexdigest()[:16]
_SECRET_FILE = re.compile(
    r"\.env(\.(?!example$|sample$|template$|dist$|test$|schema$).+)?|\.netrc|\.pypirc|\.pgpass|\.htpasswd|\.git-credentials|"
    r"id_(rsa|dsa|ecdsa|ed25519)|.+\.(pem|p12|pfx|key|jks|keystore|kdbx|ppk)|credentials\.json|service[-_]account.*\.json",
    re.IGNORECASE,
)
_TITLES = {
    "secret-keyword": "value of something called a password, key or token",
    "base64-high-entropy-string": "random text beside a telling name",
    "hex-high-entropy-string": "random digits beside a telling name",
}
_LOOSE = set(_TITLES)
"""Guesses of detect-secrets, by what stands around a value."""
_TELLING = re.compile(
    r"(?i)passw|pwd|secret|token|api.?key|apikey|credential|auth|private.?key|access.?key|client.?key"
)
_QUOTED = re.compile(r"[\"'`]([^\"'`\s]+)[\"'`]|[:=]\s*([^\s\"'`,;]+)")


class SecretsGate:
    """Any new secret blocks."""

    component = Component.SECURITY

    def judge(self, subject: Subject) -> Judgement:
        """Scan the changed files of the head, and of the base where something was found."""
        said = _by_message(subject)
        files = subject.change.present()
        version = DETECT_SECRETS.version() if files else ""
        folders = {side: _folder(subject, side) for side in ("base", "head")} if files else {}

        def look(side: SideName, paths: Sequence[str]) -> Observations:
            return Observations(seen=tuple(_everything(subject, folders[side], paths)))

        found = (
            findings.compare(subject, "secrets", files, look, [version, _FLAGS, _FORMATS]) if files else ()
        )
        tools = {"detect-secrets": version} if version else {}
        return verdicts.no_severe((*said, *found), "secret", tools, _remarks(found))


def _folder(subject: Subject, side: SideName) -> Path:
    """A checkout of a tree as it is; a settings file that the gates do not use can hold a secret all the same."""
    if side == "head" and subject.overlay.paths:
        changed = subject.change.present()
        return subject.checkouts.some(
            "whole-head", subject.change.head_tree, lambda _paths, _read, last: () if last else changed
        )
    return subject.part(side)


def _remarks(found: Sequence[Finding]) -> tuple[Reason, ...]:
    if not any(each.is_new and each.severity.rank <= Severity.HIGH.rank for each in found):
        return ()
    text = "a secret that was committed is known: revoke it, taking it out of the change is not enough"
    return (Reason(component=Component.SECURITY, points=0, message=text),)


def _everything(subject: Subject, folder: Path, paths: Sequence[str]) -> Iterator[Observation]:
    ours = [*_by_format(folder, paths)]
    ours += _by_name(folder, paths, {each.path for each in ours})
    yield from ours
    told = {(each.path, each.region.line) for each in ours if each.region}
    for seen in sorted(_by_detect_secrets(subject, folder, paths), key=lambda each: each.severity.rank):
        place = (seen.path, seen.region.line if seen.region else 0)
        if place not in told:
            told.add(place)
            yield seen


def _by_format(folder: Path, paths: Sequence[str]) -> Iterator[Observation]:
    for path in paths:
        data = _read(folder, path)
        for hit in scan_bytes(data, path):
            yield _observation(hit, path, hit.line if not is_binary(data) else None)


def _read(folder: Path, path: str) -> bytes:
    file = folder / path
    try:
        if file.is_symlink() or file.stat().st_size > MAX_BYTES:
            raise Unmeasurable(
                f"{redact(path)} is larger than {MAX_BYTES // 2**20} MiB: not scanned for secrets",
                fix="keep large files out of the change",
            )
        return file.read_bytes()
    except OSError as error:
        raise Unmeasurable(f"{redact(path)} can't be read: not scanned for secrets") from error


def _by_name(folder: Path, paths: Sequence[str], told: set[str]) -> Iterator[Observation]:
    """Names that say it all; `told` are files of which the content already said more."""
    for path in paths:
        named = _SECRET_FILE.fullmatch(PurePosixPath(path).name) is not None
        if named and path not in told and not _is_public(_read(folder, path)):
            yield Observation(
                rule="secret-file",
                severity=Severity.HIGH,
                message="a file of this name usually holds credentials",
                path=path,
                snippet="",
                help=HELP,
            )
        for hit in scan(path):
            yield _observation(hit, path, None, " in the file's name")


def _is_public(data: bytes) -> bool:
    """Whether it is a certificate or a public key."""
    return b"-----BEGIN " in data and b"PRIVATE KEY" not in data


def _by_message(subject: Subject) -> tuple[Finding, ...]:
    """Secrets in the messages of the change's commits."""
    change = subject.change
    flags = ("-z", f"--max-count={_MAX_MESSAGES}", "--format=%H%n%B")
    done = subject.repo.run("log", *flags, f"{change.base}..{change.head}")
    if not done.ok:
        raise Unmeasurable("the commit messages of the change can't be read")
    return tuple(finding for row in done.stdout.split("\0") if row for finding in _in_message(row))


def _in_message(row: str) -> Iterator[Finding]:
    commit, _, message = row.partition("\n")
    place = f"commit message {commit[:12]}"
    for hit in scan(message):
        yield Finding(
            tool="secrets",
            rule=hit.kind,
            severity=hit.severity,
            message=_text(hit, " in a commit message"),
            path=place,
            fingerprint=hashlib.sha256(f"{hit.kind}\0{hit.digest}".encode()).hexdigest()[:40],
            help=HELP,
        )


def _text(hit: Hit, where: str = "") -> str:
    form = f" ({hit.how})" if hit.how else ""
    return f"{hit.title}{form}{where}: looks like a credential"


def _observation(hit: Hit, path: str, line: int | None, where: str = "") -> Observation:
    return Observation(
        rule=hit.kind,
        severity=hit.severity,
        message=_text(hit, where),
        path=path,
        region=Region(line=line) if line else None,
        snippet=hit.digest,
        help=HELP,
    )


def _by_detect_secrets(subject: Subject, folder: Path, paths: Sequence[str]) -> Iterator[Observation]:
    for path, row in _rows(subject, folder, paths):
        try:
            kind, line, digest = str(row["type"]), int(str(row["line_number"])), str(row["hashed_secret"])
        except (KeyError, TypeError, ValueError) as error:
            raise Unmeasurable("detect-secrets' report can't be read") from error
        rule = re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")
        severity = _weight(folder, path, rule, line, digest)
        if severity is not None:
            hit = Hit(rule, _TITLES.get(rule, kind), severity, line, "", digest)
            yield _observation(hit, path, max(1, line))


def _rows(subject: Subject, folder: Path, paths: Sequence[str]) -> list[tuple[str, dict[str, object]]]:
    try:
        done = DETECT_SECRETS.run(
            subject, ["scan", *_FLAGS, *dotted(paths)], cwd=folder, expected=frozenset({0})
        )
        results = json.loads(done.stdout)["results"]
        return [(relative(path, folder), dict(row)) for path, found in results.items() for row in found]
    except Unmeasurable as error:
        # What a tool says when it ends early may quote the line that it stopped at.
        raise Unmeasurable(error.what.split(": ")[0], fix=error.fix) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # The report may quote what it found: not even its words are repeated.
        raise Unmeasurable("detect-secrets' report can't be read") from error


def _weight(folder: Path, path: str, rule: str, line: int, digest: str) -> Severity | None:
    """What a row of detect-secrets means: its formats block, its guesses only when the value looks like a secret."""
    text = findings.snippet(folder, path, line)
    if rule == "private-key":
        return Severity.LOW  # a header alone; a key with its body is found by its format
    if rule in {"basic-auth-credentials", "json-web-token"}:
        return None  # our own formats draw a finer line
    if rule not in _LOOSE:
        return Severity.CRITICAL
    value = next((each for each in _values(text) if _sha1(each) == digest), None)
    telling = rule == "secret-keyword" or _TELLING.search(text) is not None
    if not telling or (value is not None and not placeholders.looks_random(value)):
        return None
    if placeholders.is_example(path):
        return Severity.LOW
    return Severity.MEDIUM if value is None or placeholders.is_document(path) else Severity.HIGH


def _values(line: str) -> Iterator[str]:
    for found in _QUOTED.finditer(line):
        yield found[1] or found[2]


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
