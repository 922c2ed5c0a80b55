"""docs/score.md works an example: the command gives what the page says, and the page's sums are right."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.site.doc_code import plain, titled

PAGE = "score.md"
CLI = Callable[..., Any]
WORDS = ("gate", "--base", "main", "--head", "discount", "--out", "gates")


@pytest.fixture
def shop(new_repo: Callable[..., Path], git: Any, commit: Any) -> Callable[[str], Path]:
    """`shop(configuration)`: the repository of the example, with the change on the branch `discount`."""

    def make(configuration: str) -> Path:
        settings = {"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n'}
        settings |= {".ci-factory.yml": configuration} if configuration else {}
        sides: dict[str, dict[str, str]] = {"base": {"shop/__init__.py": '"""A shop."""\n'}, "head": {}}
        for name, (_, text) in titled(PAGE).items():
            side, path = name.split(": ")
            sides[side][path] = text
        repo = new_repo(sides["base"] | settings)
        git(repo, "checkout", "--quiet", "-b", "discount")
        commit(repo, sides["head"])
        return repo

    return make


def shown() -> list[str]:
    return plain(PAGE, "text")[0].splitlines()


@pytest.mark.long
def test_the_example_scores_what_the_page_says(shop: Callable[[str], Path], factory_cli: CLI) -> None:
    """Every line that the page shows is what the command prints."""
    ran = factory_cli(*WORDS, cwd=shop(""), env=None)
    assert (ran.code, ran.out.splitlines()) == (0, shown())


def test_the_cheap_gates_of_the_example_say_what_the_page_says(
    shop: Callable[[str], Path], factory_cli: CLI
) -> None:
    """Syntax, complexity and documentation, which start no slow tool, are in each line as shown."""
    left = ("policy", "syntax", "ruff", "complexity", "documentation")
    names = [line.split()[0] for line in shown()[1:12]]
    off = ", ".join(name for name in names if name not in left)
    ran = factory_cli(*WORDS, cwd=shop(f"gates: {{disabled: [{off}]}}\n"))
    told = [line for line in shown()[1:] if re.match(rf"(?:{'|'.join(left)}) |  -\d+ \[(?:comp|docu)", line)]
    assert ran.out.splitlines()[1:] == told


def test_the_sums_of_the_page_are_right() -> None:
    """Points times weights make the score; the reasons make what each component lost."""
    text = (Path(__file__).parents[2] / "docs" / PAGE).read_text(encoding="utf-8")
    number = r"([\d.]+)"
    rows = re.findall(rf"^\| (\w+) \|.*\| {number} \| {number} \| {number} \|$", text, re.MULTILINE)
    assert len(rows) == 5
    assert sum(float(weight) for _, _, weight, _ in rows) == pytest.approx(1)
    for name, points, weight, adds in rows:
        lost = re.findall(rf"^  -{number} \[{name}\]", "\n".join(shown()), re.MULTILINE)
        assert 100 - sum(map(float, lost)) == pytest.approx(float(points)), name
        assert float(points) * float(weight) == pytest.approx(float(adds), abs=0.005), name
    total = sum(float(adds) for *_, adds in rows)
    assert f"score {total:.2f} of 100" in shown()[0]
