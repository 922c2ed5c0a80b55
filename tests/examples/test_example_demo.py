"""examples/demo.py prepares its repository whole or not at all, and always the same."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "demo.py"


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    """The script, imported."""
    spec = importlib.util.spec_from_file_location("ci_factory_demo", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_same_files_give_the_same_commits(
    demo: ModuleType, tmp_path: Path, git: Callable[..., str]
) -> None:
    """Two preparations have the same head, by three people, and nothing uncommitted."""
    heads = set()
    for name in ("one", "two"):
        place = demo.Place(tmp_path / name)
        place.root.mkdir()
        assert demo.prepare(place)
        heads.add(git(place.repository, "rev-parse", "HEAD"))
        assert git(place.repository, "status", "--porcelain", "--ignored") == ""
        assert {*git(place.repository, "log", "--format=%an").split()} == {"mara", "jonas", "lena"}
    assert len(heads) == 1


def test_what_is_there_is_left_alone(demo: ModuleType, tmp_path: Path) -> None:
    """A second preparation changes nothing."""
    place = demo.Place(tmp_path)
    assert demo.prepare(place)
    (place.repository / "README.md").write_text("changed by a person", encoding="utf-8")
    assert not demo.prepare(place)
    assert (place.repository / "README.md").read_text(encoding="utf-8") == "changed by a person"


def test_a_preparation_that_was_killed_starts_again(
    demo: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill in the middle leaves no half repository in the place, and the next one is whole."""
    place = demo.Place(tmp_path)

    def killed(*_: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patched:
        patched.setattr(demo, "make_history", killed)
        with pytest.raises(SystemExit):
            demo.prepare(place)
    assert not place.library.exists()
    assert demo.prepare(place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library"]


def test_the_agents_find_their_recordings_beside_the_copy(demo: ModuleType, tmp_path: Path) -> None:
    """The configuration's relative folder holds in the copied repository too."""
    place = demo.Place(tmp_path)
    demo.prepare(place)
    assert (place.repository / "../agents/101/script.yml").is_file()
    assert len(list(place.tickets.glob("*.md"))) == 13


def test_the_merge_request_to_try_is_one_that_passed(demo: ModuleType, tmp_path: Path) -> None:
    """The first of the queue that passed is named; an escalation or a blocked one never."""
    place = demo.Place(tmp_path)
    items = [
        {"verdict": "blocked", "merge_request": 1},
        {"verdict": None, "merge_request": None},
        {"verdict": "pass", "merge_request": 3},
        {"verdict": "pass", "merge_request": 2},
    ]
    assert demo.best_merge_request(place) is None
    place.night.mkdir()
    (place.night / "review.json").write_text(json.dumps({"items": items}), encoding="utf-8")
    assert demo.best_merge_request(place) == 3
