"""What a release says of itself: versions, licences of what it needs, and where its files come from. Pure; `tools/release` acts."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")
_RELEASED = re.compile(r"^## (\d+\.\d+\.\d+\S*) - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
_UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def canonical(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str) -> dict[str, str]:
    """Canonical name -> version of a lock; raises ValueError for a requirement that has no hash or no exact version."""
    found: dict[str, str] = {}
    for entry in re.sub(r"\\\n\s*", " ", text).splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        matched = _REQUIREMENT.match(entry)
        if matched is None or "--hash=sha256:" not in entry:
            raise ValueError(f"not pinned with a hash: {entry.strip()[:80]}")
        found[canonical(matched[1])] = matched[2]
    return found


def released(changelog: str) -> list[str]:
    """Versions that have a heading with a day, newest first."""
    return [version for version, _ in _RELEASED.findall(changelog)]


def notes(changelog: str, version: str) -> str:
    """What the changelog says of a version; raises ValueError when it says nothing."""
    found = re.search(
        rf"^## {re.escape(version)} - [^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if found is None or not found[1].strip():
        raise ValueError(
            f'CHANGELOG.md says nothing of {version}; give it a heading "## {version} - YYYY-MM-DD"'
        )
    return found[1].strip()


def objections(version: str, tag: str, changelog: str) -> list[str]:
    """Why a tag can't be released as this version."""
    found = []
    if tag != version:
        found.append(
            f"the tag is {tag}, the package's version {version}; change src/ci_factory/__init__.py or the tag"
        )
    if released(changelog)[:1] != [version]:
        found.append(
            f'the newest version in CHANGELOG.md is not {version}; rename "Unreleased" to "{version} - day"'
        )
    left = _UNRELEASED.search(changelog)
    if left is not None and left[1].strip():
        found.append(f"CHANGELOG.md still has unreleased changes; move them to {version}")
    return found


def licence_objections(bom: Mapping[str, Any], policy: Mapping[str, Any]) -> list[str]:
    """What a CycloneDX bill of materials has that the policy does not allow, and exceptions that nothing needs."""
    allowed, exceptions = frozenset(policy["allow"]), dict(policy["exceptions"])
    found, used = [], set()
    for component in bom["components"]:
        name = component["name"]
        told = list(_licences(component))
        if _allowed(told, allowed):
            continue
        if name in exceptions:
            used.add(name)
        else:
            found.append(
                f"{name} {component.get('version')}: {', '.join(told) or 'no licence in its metadata'}"
            )
    found.extend(
        f"the exception for {name} is not needed; remove it" for name in sorted(set(exceptions) - used)
    )
    return found


def _licences(component: Mapping[str, Any]) -> Iterable[str]:
    for entry in component.get("licenses", ()):
        licence = entry.get("license", {})
        yield entry.get("expression") or licence.get("id") or licence.get("name") or ""


def _allowed(told: Sequence[str], allowed: frozenset[str]) -> bool:
    """Classifiers count only beside no identifier; of several identifiers all have to be allowed, as nobody says which holds."""
    better = [each for each in told if not each.startswith("License ::")] or told
    return bool(better) and all(_one(each, allowed) for each in better)


def _one(licence: str, allowed: frozenset[str]) -> bool:
    """An identifier, or an expression of OR and AND; brackets are for an exception by name."""
    return any(all(term.strip() in allowed for term in each.split(" AND ")) for each in licence.split(" OR "))


def provenance(
    subjects: Mapping[str, str],
    *,
    source: str,
    commit: str,
    builder: str,
    invocation: str,
    materials: Mapping[str, str],
) -> dict[str, Any]:
    """An in-toto statement with a SLSA provenance v1 predicate: file name -> SHA-256, and what they were made of.

    Not signed here: whoever has to trust it takes it from the pipeline's own artifacts, whose runner signs nothing less.
    """
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{source}/-/blob/{commit}/tools/release",
                "externalParameters": {"source": source, "commit": commit},
                "internalParameters": {},
                "resolvedDependencies": [
                    {"uri": f"git+{source}", "digest": {"gitCommit": commit}},
                    *(
                        {"name": name, "digest": {"sha256": digest}}
                        for name, digest in sorted(materials.items())
                    ),
                ],
            },
            "runDetails": {"builder": {"id": builder}, "metadata": {"invocationId": invocation}},
        },
    }
