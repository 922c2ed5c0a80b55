"""The part of a repository that a type checker has to see."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from ci_factory.gates.imports import Closure, Modules
from ci_factory.model.gate import GateStatus

Project = Any  # tests/gates/conftest.py

TREE = (
    "app/__init__.py",
    "app/main.py",
    "app/util/__init__.py",
    "app/util/text.py",
    "app/util/text.pyi",
    "app/other.py",
    "lib/stubs/yaml-stubs/__init__.pyi",
    "src/space/one/a.py",
    "src2/space/two/b.py",
    "tools/util.py",
    "README.md",
)
TEXT = {"app/util/text.py", "app/util/text.pyi", "app/util/__init__.py", "app/__init__.py"}


@pytest.mark.parametrize(
    ("path", "source", "wanted"),
    [
        ("x.py", "import app.util.text", TEXT),
        ("x.py", "from app.util import text", TEXT),
        ("x.py", "from app.util import (  # why (so)\n    other,\n    text as t,  # and )\n)", TEXT),
        ("x.py", "from app.util \\\n    import other, \\\n    text", TEXT),
        ("x.py", "if True: import os, app . util . text as t; pass", TEXT),
        ("app/main.py", "from .util import text", TEXT),
        ("app/main.py", "from .util.text import *", TEXT),
        ("app/util/text.py", "from ..other import x", {"app/__init__.py", "app/other.py"}),
        ("app/main.py", "from . import other", {"app/__init__.py", "app/other.py"}),
        ("app/main.py", "from.import other", {"app/__init__.py", "app/other.py"}),
        ("app/main.py", "def f():\n    from .other import(x)", {"app/__init__.py", "app/other.py"}),
        ("x.py", "import yaml.nodes", {"lib/stubs/yaml-stubs/__init__.pyi"}),
        ("src/space/one/a.py", "from ..two import b", {"src2/space/two/b.py"}),
        ("x.py", "import util", {"tools/util.py"}),
        ("x.py", "import text", set()),
        ("x.py", "import json, os.path\nfrom . import gone", set()),
    ],
)
def test_what_an_import_can_mean(path: str, source: str, wanted: set[str]) -> None:
    """Absolute and relative imports, stubs, namespace packages below several roots, in any way to write them.

    A module inside a regular package is no module of the same name outside.
    """
    assert Modules(TREE).imported(path, source) == wanted


def test_a_closure_goes_on_until_nothing_is_new() -> None:
    """Files are asked for as those before them have been read; circles end."""
    files = {"a.py": "import b", "b.py": "import c, a", "c.py": "", "d.py": "import a"}
    grow, last, seen = Closure(["a.py"]), frozenset[str](), set[str]()
    while last := frozenset(grow(frozenset(files), files.__getitem__, last)) - seen:
        seen |= last
    assert seen == {"a.py", "b.py", "c.py"}


@pytest.mark.parametrize("package", ["click", "jinja2", "pydantic"])
def test_mypy_says_the_same_of_a_part_as_of_the_whole(package: str, tmp_path: Path) -> None:
    """Checked with real packages: a file and what it reaches give the errors that the whole package gives."""
    spec = find_spec(package)
    assert spec
    assert spec.origin
    whole, part = tmp_path / "whole", tmp_path / "part"
    shutil.copytree(Path(spec.origin).parent, whole / package, ignore=shutil.ignore_patterns("__pycache__"))
    every = frozenset(path.relative_to(whole).as_posix() for path in whole.rglob("*.py*"))
    start = max(every, key=lambda path: (path.count("/") == 1, len((whole / path).read_text("utf-8"))))
    grow, last, seen = Closure([start]), frozenset[str](), set[str]()
    while last := frozenset(grow(every, lambda path: (whole / path).read_text("utf-8"), last)) - seen:
        for path in last:
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(whole / path, part / path)
        seen |= last
    assert start in seen
    assert _mypy(part, start) == _mypy(whole, start)


def _mypy(folder: Path, path: str) -> str:
    flags = ["--config-file=", "--follow-imports=silent", "--cache-dir=/dev/null", "--explicit-package-bases"]
    words = [sys.executable, "-m", "mypy", *flags, "--strict", path]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_types_of_what_a_changed_file_imports_are_known(project: Project) -> None:
    """An error that only the imported function's annotations show is found, however far away these are."""
    base = {
        "shop/__init__.py": "",
        "shop/cart.py": "from shop import total\n",
        "shop/total.py": "from .price import price as price\n",
        "shop/price.py": "def price() -> int:\n    return 1\n",
        "shop/unrelated.py": "import nothing_like_it\n",
    }
    project.commit(base)
    project.commit({"shop/cart.py": "from shop import total\n\nlabel: str = total.price()\n"})
    result = project.judge("mypy")
    assert result.status is GateStatus.FAIL
    assert [finding.rule for finding in result.findings] == ["assignment"]
