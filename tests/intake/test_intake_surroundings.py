"""What history, code and CODEOWNERS of a real repository tell about files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ci_factory.intake import tree as trees
from ci_factory.intake.surroundings import Surroundings
from ci_factory.model.planning_settings import HotFiles
from ci_factory.model.prediction import Calibration
from ci_factory.model.ticket import Ticket
from ci_factory.system import git_reading
from ci_factory.system.git import Git
from ci_factory.workflow import surroundings

ODD = "odd\nname.py"
FILES = {
    "shop/cart.py": "class Cart:\n    def grand_total(self):\n        return 0\n",
    "shop/view.js": "export function showCart() { grand_total(); }\n",
    "shop/grand_total_notes.txt": "grand_totals\n",
    "logo.bin": "\0grand_total",
    ODD: "grand_total()\n",
    "CODEOWNERS": "* @boss\n[Shop front]\n/shop/ @team/front\n!/shop/cart.py\n[Rest]\n*.txt @boss\n",
}


Make = Callable[..., Path]
Say = Callable[..., str]


@pytest.fixture
def repo(new_repo: Make, commit: Say) -> Path:
    """One commit with everything, then two on the cart and its view."""
    folder = new_repo(FILES)
    for number in (1, 2):
        changed = {path: f"{FILES[path]}// {number}\n" for path in ("shop/cart.py", "shop/view.js", ODD)}
        commit(folder, changed, f"Cart {number}\n\nlong")
    return folder


def read(folder: Path, *titles: str) -> Surroundings:
    """What is known for tickets with these titles."""
    repo = Git(folder)
    tickets = [Ticket(id=f"t{n}", title=title) for n, title in enumerate(titles)]
    tree = trees.index(frozenset(repo.files("HEAD")))
    return surroundings.read(
        repo, repo.resolve("HEAD"), tree, tickets, calibration=Calibration(), hot_files=HotFiles()
    )


def test_commits_are_read_with_messages_and_files_newest_first(repo: Path, git: Say, commit: Say) -> None:
    """Odd file names stay whole; merges and the first commit are left out."""
    git(repo, "checkout", "-q", "-b", "side", "HEAD~1")
    commit(repo, {"side.py": ""}, "Side")
    git(repo, "checkout", "-q", "main")
    git(repo, "merge", "-q", "--no-ff", "-m", "Merge", "side")
    found = git_reading.committed(Git(repo), "HEAD", 10)
    by_title = {each.message.split("\n")[0]: each for each in found}
    assert by_title.keys() == {"Side", "Cart 2", "Cart 1"}
    assert by_title["Cart 2"].files == (ODD, "shop/cart.py", "shop/view.js")
    assert found[-1].message.strip() == "Cart 1\n\nlong"
    assert len(git_reading.committed(Git(repo), "HEAD", 2)) == 2


def test_partners_come_from_the_history(repo: Path) -> None:
    """Two commits had both; that the first one had every file says nothing."""
    partners = read(repo, "x").past.partners("shop/cart.py")
    assert partners == ((ODD, 2, 2), ("shop/view.js", 2, 2))


def test_symbols_are_found_where_they_are_defined_and_used(new_repo: Make) -> None:
    """As whole words, in text files only, a definition by its keyword."""
    uses = read(new_repo(FILES), "`grand_total` and showCart() fail", "Cart.nothing_like_this()").uses
    assert uses.defined == {
        "grand_total": ("shop/cart.py",),
        "showCart": ("shop/view.js",),
        "Cart": ("shop/cart.py",),
    }
    assert uses.used["grand_total"] == (ODD, "shop/view.js")


def test_owners_and_sections_that_tickets_name_are_resolved(repo: Path) -> None:
    """Only those; exceptions of a section are respected for owners."""
    owned = read(repo, "Ask @team/front about the shop front").owned
    assert owned.by_owner == {"@team/front": ("shop/grand_total_notes.txt", "shop/view.js")}
    assert owned.by_section.keys() == {"shop front"}
    assert read(repo, "Nobody").owned.by_owner == {}


def test_without_tickets_nothing_is_read(tmp_path: Path) -> None:
    """An empty queue asks git for nothing; here there is no repository to ask."""
    tree = trees.index(frozenset({"a.py"}))
    known = surroundings.read(
        Git(tmp_path), "HEAD", tree, [], calibration=Calibration(), hot_files=HotFiles()
    )
    assert known.past.commits == ()
