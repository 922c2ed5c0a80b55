"""Credentials in changed files, by detect-secrets, and files that are credentials by their name.

A secret is never repeated: findings say its kind and its place.
"""

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from ci_factory.gates import findings, verdicts
from ci_factory.gates.findings import Observation, Observations
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tools import Tool, dotted, relative
from ci_factory.model.gate import Component, GateStatus, Region, Severity

DETECT_SECRETS = Tool("detect-secrets")
_FLAGS = [
    "--all-files",
    # Public addresses are no credentials.
    "--disable-plugin",
    "IPPublicDetector",
    # A comment in the change can't declare the change clean.
    "--disable-filter",
    "detect_secrets.filters.allowlist.is_line_allowlisted",
]
_SECRET_FILE = re.compile(
    r"\.env(\.(?!example$|sample$|template$|dist$).+)?|\.netrc|\.pypirc|id_(rsa|dsa|ecdsa|ed25519)|.+\.(pem|p12|pfx|key|jks)"
)
_HELP = "revoke the credential, then take it out of the change; a person decides"


class SecretsGate:
    """Any new secret blocks."""

    component = Component.SECURITY

    def judge(self, subject: Subject) -> Judgement:
        """Scan the changed files of the head, and of the base where something was found."""
        files = subject.change.present()
        if not files:
            return Judgement(GateStatus.PASS, "no file added or modified")
        version = DETECT_SECRETS.version()

        def scan(side: SideName, paths: Sequence[str]) -> Observations:
            return Observations(seen=(*_by_name(paths), *_by_content(subject, side, paths)))

        found = findings.compare(subject, "detect-secrets", files, scan, [version, _FLAGS])
        return verdicts.no_severe(found, "secret", {"detect-secrets": version})


def _by_content(subject: Subject, side: SideName, paths: Sequence[str]) -> list[Observation]:
    folder = subject.folder(side)
    done = DETECT_SECRETS.run(subject, ["scan", *_FLAGS, *dotted(paths)], cwd=folder, expected=frozenset({0}))
    try:
        results = json.loads(done.stdout)["results"]
        rows = [(relative(path, folder), row) for path, found in results.items() for row in found]
        return [
            _observation(path, str(row["type"]), row["line_number"], row["hashed_secret"])
            for path, row in rows
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # The report may quote what it found: not even its words are repeated.
        raise Unmeasurable("detect-secrets' report can't be read") from error


def _by_name(paths: Sequence[str]) -> list[Observation]:
    return [
        Observation(
            rule="secret-file",
            severity=Severity.HIGH,
            message="a file of this name usually holds credentials",
            path=path,
            snippet="",
            help=_HELP,
        )
        for path in paths
        if _SECRET_FILE.fullmatch(PurePosixPath(path).name)
    ]


def _observation(path: str, kind: str, line: int, digest: str) -> Observation:
    return Observation(
        rule=re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-"),
        severity=Severity.CRITICAL,
        message=f"{kind}: looks like a credential",
        path=path,
        region=Region(line=line),
        snippet=digest,
        help=_HELP,
    )
