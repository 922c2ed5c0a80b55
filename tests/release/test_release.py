"""What a release has to be: one version everywhere, pinned packages, allowed licences, provenance."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
POLICY = {"allow": ["MIT", "Apache-2.0", "BSD-3-Clause"], "exceptions": {}}


def supply(call: str, *values: object) -> Any:
    """What a function of tools/supply.py returns for values of JSON; or what it objects to, as text."""
    code = (
        "import json, sys, supply; values = json.load(sys.stdin)\n"
        f"try: print(json.dumps(supply.{call}(*values)))\n"
        "except ValueError as error: print(json.dumps(f'refused: {error}'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "tools",
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def bom(*licences: dict[str, Any]) -> dict[str, Any]:
    """A bill of materials of one package."""
    return {"components": [{"name": "thing", "version": "1", "licenses": list(licences)}]}


@pytest.mark.parametrize("name", ["control", "all", "build"])
def test_every_locked_package_has_a_hash(name: str) -> None:
    """A lock names exact versions with hashes and nothing else, so that an index can't slip in other files."""
    found = supply("locked", (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    assert found


@pytest.mark.parametrize(
    "line", ["click", "click>=8", "click==8.1", "click @ https://example.com/click.zip", "-e ."]
)
def test_a_lock_without_hash_or_version_is_refused(line: str) -> None:
    """A requirement that could mean other bytes tomorrow is named and refused."""
    assert supply("locked", f"{line}\n") == f"refused: not pinned with a hash: {line}"


def test_the_locks_have_what_the_package_asks_for() -> None:
    """Every dependency of the package is in the lock of the small image, those of its extra `all` in the other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = {
        "control": project["dependencies"],
        "all": project["dependencies"] + extras["gates"] + extras["metrics"],
    }
    for name, requirements in asked.items():
        found = supply("locked", (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8"))
        wanted = {supply("canonical", each.split(">")[0].split("[")[0]) for each in requirements}
        assert wanted <= set(found), f"run `make locks`: {sorted(wanted - set(found))}"


@pytest.mark.parametrize(
    "licences",
    [
        [{"license": {"id": "MIT"}}],
        [{"expression": "GPL-3.0-only OR Apache-2.0"}],
        [{"expression": "MIT AND Apache-2.0"}],
        [{"license": {"id": "MIT"}}, {"license": {"name": "License :: Freeware"}}],
    ],
)
def test_an_allowed_licence_passes(licences: list[dict[str, Any]]) -> None:
    """One of several offered is enough, all of several joined are needed, and classifiers say less than identifiers."""
    assert supply("licence_objections", bom(*licences), POLICY) == []


@pytest.mark.parametrize(
    "licences",
    [
        [],
        [{"license": {"id": "GPL-3.0-only"}}],
        [{"license": {"name": "see LICENSE"}}],
        [{"license": {"name": "License :: Freeware"}}],
        [{"expression": "MIT AND GPL-3.0-only"}],
        [{"license": {"id": "MIT"}}, {"license": {"id": "GPL-3.0-only"}}],
        [{"expression": "(MIT OR Apache-2.0) AND BSD-3-Clause"}],
    ],
)
def test_any_other_licence_is_named(licences: list[dict[str, Any]]) -> None:
    """Unknown is no permission: no licence, a text, a bracket and what is not listed all need a person's exception."""
    assert len(supply("licence_objections", bom(*licences), POLICY)) == 1
    allowed = {**POLICY, "exceptions": {"thing": "why"}}
    assert supply("licence_objections", bom(*licences), allowed) == []


def test_an_exception_that_nothing_needs_is_refused() -> None:
    """The list of exceptions can't grow old: one for a package that is fine, or gone, is told."""
    kept = {**POLICY, "exceptions": {"thing": "why"}}
    assert supply("licence_objections", bom({"license": {"id": "MIT"}}), kept) == [
        "the exception for thing is not needed; remove it"
    ]


def test_every_exception_has_a_reason() -> None:
    """The policy names identifiers and, for each exception, why."""
    policy = yaml.safe_load((ROOT / "requirements" / "licences.yml").read_text(encoding="utf-8"))
    assert all(isinstance(why, str) and why for why in policy["exceptions"].values())
    assert policy["allow"] == sorted(policy["allow"], key=lambda each: (each.startswith("License"), each))


CHANGELOG = "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-01-02\n\n### Added\n- A thing.\n\n## 1.1.0 - 2025-01-02\n"


def test_a_release_has_one_version_everywhere() -> None:
    """Tag, package and changelog agree, and nothing is left unreleased."""
    assert supply("objections", "1.2.0", "1.2.0", CHANGELOG) == []
    assert supply("notes", CHANGELOG, "1.2.0") == "### Added\n- A thing."


@pytest.mark.parametrize(
    ("version", "tag", "changelog", "word"),
    [
        ("1.2.0", "1.2.1", CHANGELOG, "the tag is 1.2.1"),
        ("1.3.0", "1.3.0", CHANGELOG, "the newest version in CHANGELOG.md is not 1.3.0"),
        ("1.2.0", "1.2.0", CHANGELOG.replace("Unreleased\n", "Unreleased\n- More.\n"), "unreleased changes"),
    ],
)
def test_a_release_that_disagrees_is_refused(version: str, tag: str, changelog: str, word: str) -> None:
    """Each way in which tag, version and changelog can differ is told with what to change."""
    (said,) = supply("objections", version, tag, changelog)
    assert word in said


def test_notes_of_an_unknown_version_are_refused() -> None:
    """A release without a word in the changelog is not made."""
    assert supply("notes", CHANGELOG, "9.0.0").startswith("refused: CHANGELOG.md says nothing of 9.0.0")


def test_provenance_names_files_source_and_locks() -> None:
    """The statement is in-toto's with SLSA's predicate: every file by its hash, the commit, and the locks it was built with."""
    code = (
        "import json, supply; print(json.dumps(supply.provenance({'b.whl': '22', 'a.tar.gz': '11'},"
        " source='https://gitlab.example.com/g/p', commit='c' * 40, builder='b', invocation='j',"
        " materials={'requirements/build.txt': '33'})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "tools", capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    assert [each["name"] for each in found["subject"]] == ["a.tar.gz", "b.whl"]
    source, lock = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert source == {"uri": "git+https://gitlab.example.com/g/p", "digest": {"gitCommit": "c" * 40}}
    assert lock == {"name": "requirements/build.txt", "digest": {"sha256": "33"}}


@pytest.mark.long
def test_a_release_is_made_from_the_commit_alone(tmp_path: Path) -> None:
    """`tools/release` makes the same wheel twice, from pinned packages, with allowed licences, sums and provenance."""
    pytest.importorskip("cyclonedx_py")
    out = ROOT / "out" / tmp_path.name
    subprocess.run([sys.executable, ROOT / "tools" / "release", "--out", out], check=True, cwd=ROOT)
    names = {path.name for path in out.iterdir()}
    assert {"SHA256SUMS", "sbom.cdx.json", "provenance.intoto.json"} < names
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=out, check=True)
