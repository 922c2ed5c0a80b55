"""The container images: small, without root, and nothing in them that is not pinned."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned(name: str) -> dict[str, str]:
    """Versions of a lock file by package."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==([^\s;\\]+)", text, flags=re.MULTILINE))


def wanted(*extras: str) -> list[Requirement]:
    """What the package asks for, with some of its extras."""
    optional = PROJECT["optional-dependencies"]
    texts = [*PROJECT["dependencies"], *(each for extra in extras for each in optional[extra])]
    return [Requirement(each) for each in texts]


def test_a_linter_of_container_files_finds_nothing() -> None:
    """Pinned bases, no root at the end, no cache left behind: hadolint's rules, all of them."""
    tool = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [tool, "--no-color", ROOT / "Containerfile"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_jobs_do_not_run_as_root() -> None:
    """Both images end as a user by number, whom a cluster that forbids root accepts."""
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM|\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))
    for name in ("control", "all"):
        users = re.findall(r"^USER (\S+)", stages[name], flags=re.MULTILINE)
        assert users[-1:] == ["10001"], name


@pytest.mark.parametrize(("lock", "extras"), [("control", ()), ("all", ("gates", "metrics"))])
def test_the_locks_hold_what_the_package_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    """Each dependency is there, in a version that pyproject.toml accepts."""
    versions = pinned(lock)
    for requirement in wanted(*extras):
        name = requirement.name.lower().replace("_", "-")
        assert name in versions, f"make locks: {name}"
        assert requirement.specifier.contains(versions[name]), f"make locks: {name}"


@pytest.mark.parametrize("lock", ["build", "control", "all"])
def test_every_pinned_package_has_hashes(lock: str) -> None:
    """pip refuses the whole file otherwise; and no index is named, so that mirrors work."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    entries = [each for each in re.split(r"\n(?=\S)", text.strip()) if not each.startswith("#")]
    assert entries
    assert all(re.match(r"\S+==\S+", each) and "--hash=sha256:" in each for each in entries)
    assert "://" not in text
