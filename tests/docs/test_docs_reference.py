"""The reference pages are whole and current, and other pages say nothing that is not in them."""

import re
import runpy
import sys

import pytest

from ci_factory.cli.main import COMMANDS
from ci_factory.errors import ExitCode
from tests.docs import reading

ROOT = reading.ROOT
REFERENCE = ROOT / "docs" / "reference"
KEY = re.compile(r"[a-z_]+(\.(<?[a-z_]+>?))*")


def rows(name: str) -> list[list[str]]:
    """Cells of all tables of a page, without the lines that make them tables."""
    lines = (ROOT / "docs" / name).read_text(encoding="utf-8").splitlines()
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in cells]


def test_they_are_what_the_tool_writes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a change of commands, settings, components or variables, `tools/reference` writes them anew."""
    monkeypatch.setattr(sys, "argv", ["tools/reference", "--check"])
    code = runpy.run_path(str(ROOT / "tools" / "reference"))["main"]()
    assert (code, capsys.readouterr().out) == (0, "")


def test_every_variable_of_ours_is_described() -> None:
    """Whatever begins with CI_FACTORY_ in the code or in a component stands in the page of variables."""
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "templates").glob("*.yml")]
    used = {name for path in files for name in re.findall(r"\bCI_FACTORY_[A-Z_]+\b", path.read_text("utf-8"))}
    described = (REFERENCE / "environment.md").read_text(encoding="utf-8")
    assert {name for name in used if f"`{name}`" not in described} == set()


def test_every_variable_of_a_job_that_is_read_is_described() -> None:
    """So does what is read of the variables that GitLab sets."""
    files = (ROOT / "src").rglob("*.py")
    text = "\n".join(path.read_text("utf-8") for path in files)
    read = set(re.findall(r"\bvariable\(\"([A-Z_]+)\"\)", text))
    described = (REFERENCE / "environment.md").read_text(encoding="utf-8")
    assert read
    assert {name for name in read if f"`{name}`" not in described} == set()


@pytest.mark.parametrize("page", ["README.md", "docs/reference/commands.md"])
def test_every_exit_code_is_described(page: str) -> None:
    """Who calls us from a script finds what a code means."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [int(code) for code in ExitCode if not re.search(rf"(?<![\d.]){int(code)}(?!\d)`? ", text)] == []


def test_the_front_page_names_every_command_that_people_type() -> None:
    """What is in no table of README.md is a step of a component's job."""
    front = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Commands")[2]
    steps = {"check", "gather"}
    named = set(re.findall(r"`([a-z]+)`", front.partition("## Configuration")[0]))
    assert set(COMMANDS) - named - steps == set()


def test_every_key_that_the_guide_names_exists() -> None:
    """docs/configuration.md has no key that is gone; `.next` stands for the key beside the one before."""
    known = {row[0].strip("`").replace("[]", "") for row in rows("reference/configuration.md")}
    wrong, before = [], ""
    for cell in (row[0] for row in rows("configuration.md")):
        for name in re.findall(r"`([^`]+)`", cell):
            key = before.rpartition(".")[0] + name if name.startswith(".") else name
            before = key
            if not any(each == key or each.startswith(f"{key}.") or _same(each, key) for each in known):
                wrong.append(key)
    assert wrong == []


def _same(known: str, key: str) -> bool:
    """Whether a name of one's own stands in for any of ours."""
    pattern = re.escape(key).replace("<figure>", "[a-z_]+")
    return re.fullmatch(rf"{pattern}(\..*)?", known) is not None
