"""What a change brings: trees, bundles, manifests, settings, sources."""

import atexit
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from ci_factory.gates import configuration, rulepack, survey_script
from ci_factory.gates.package_index import licences_in
from ci_factory.gates.presets import javascript
from ci_factory.gates.presets.model import Files
from ci_factory.gates.tampering import evidence, module
from ci_factory.manifests import licences
from ci_factory.manifests.registry import LOCKS, PARSERS, read
from ci_factory.model.publishing_settings import PublishingConfig
from ci_factory.publishing.patch import read_patch
from ci_factory.publishing.policy import objections
from ci_factory.system.git import Git
from ci_factory.system.history import Past
from ci_factory.work.triggers import detect
from ci_factory.work.triggers.change import Change, ChangedFile
from tests.fuzz import scratch
from tests.fuzz.target import Target, pieces, text, texts

_TOML = (
    "a.",
    "[a]\n",
    "[[a]]\n",
    "a = ",
    "[",
    "{",
    "'",
    '"""',
    "9",
    "0x",
    "2001-02-30",
    "1e999",
    "#",
    "\\u00e9",
)
_YAML = ("[", "a: ", "- ", "&a ", "*a ", "!!int ", "!!timestamp ", "2001-02-30", "? ", "0x", "'", "<<: ")
_JSON = ("[", "{", '{"a":', '"', "1", "NaN", "null,", "\\ud800")
_OTHERS = {
    "requirements.txt": "work",
    ".npmrc": "index",
}
_WORDS = {
    ".toml": _TOML,
    ".lock": (*_TOML, *_YAML),
    ".json": _JSON,
    ".yaml": _YAML,
    ".xml": ("<project>", "<dependency>", "<a>", "&a;"),
}
_PACKAGES = (
    "a==1\n",
    "a>=1; python_version<'3'\n",
    "-r a.txt\n",
    "\\\n",
    "@ file:///",
    "[a,",
    "require a v1\n",
    "(",
    ")",
    "=",
    "#",
    "'",
    '"',
)


def _manifest(name: str) -> Target:
    def run(data: bytes) -> None:
        read(f"some/{name}", text(data))

    room = "node" if any(part in name for part in ("package", "npm-", "yarn", "pnpm")) else ""
    python = name.startswith(("py", "setup", "Pipfile", "poetry", "uv", "pdm", "requirements"))
    covers = ("manifests.registry", f"manifests.{room or ('python' if python else 'others')}")
    return Target(f"manifest-{name}", run, covers, (*_WORDS.get(Path(name).suffix, ()), *_PACKAGES))


def _wheel(data: bytes) -> None:
    with scratch.scratch() as folder:
        (folder / "a-1-py3-none-any.whl").write_bytes(data)
        licences_in(folder / "a-1-py3-none-any.whl")


def _package_json(data: bytes) -> None:
    there = frozenset({"package.json", "a.js", "tsconfig.json"})
    files = Files(there, there, lambda _side, _path: text(data))
    javascript.tests(files, "head")
    for tool in javascript.TYPESCRIPT.tools:
        tool.applies(files, "head")


def _surveyed(data: bytes) -> None:
    with scratch.scratch() as folder:
        (folder / "a.py").write_bytes(data)
        survey_script.facts(str(folder / "a.py"))


def _licence(data: bytes) -> None:
    licences.classify(text(data))
    licences.identifiers(text(data))


_CHANGED = (
    "a.py",
    "a.yml",
    "docker-compose.yml",
    "settings.toml",
    "package.json",
    "a.sql",
    "Dockerfile",
    "go.mod",
    ".env",
)


def _change(data: bytes) -> None:
    before, after = texts(data, 2)
    files = tuple(ChangedFile(path, before, after) for path in _CHANGED)
    detect.in_change(Change(files, frozenset(_CHANGED)))


def _tool_settings(data: bytes) -> None:
    with scratch.scratch() as folder:
        for name in ("pyproject.toml", "setup.cfg", "tox.ini", ".coveragerc"):
            (folder / name).write_bytes(data)
        for find in (configuration.ruff_file, configuration.mypy_file, configuration.pytest_file):
            find(folder)
        configuration.coverage_omits(folder)
        (folder / ".coveragerc").unlink()
        configuration.coverage_omits(folder)


def _judging_settings(data: bytes) -> None:
    from ci_factory.gates import protected

    for name in ("pyproject.toml", "setup.cfg", "package.json"):
        protected.judging(name, text(data))


def _rules(data: bytes) -> None:
    with scratch.scratch() as folder:
        (folder / "rules.yml").write_bytes(data)
        rulepack.configured(("rules.yml",), folder)


def _evidence(data: bytes) -> None:
    with scratch.scratch() as folder:
        names = ["test_a.py", "tests/a.json", "tests/a.jsonl", "tests/a.csv"]
        (folder / "tests").mkdir()
        for name in names:
            (folder / name).write_bytes(data)
        evidence.Evidence(lambda: folder, names).together((1, 2), 3)


def _module(data: bytes) -> None:
    module.parse(text(data))


@cache
def _repository() -> tuple[Git, str]:
    """A bare repository with one commit, for as long as this process lives."""
    folder = scratch.folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _git(folder, "init", "--quiet", "--bare", ".")
    blob = _git(folder, "hash-object", "-w", "--stdin", given=b"a\n").strip()
    tree = _git(folder, "mktree", given=b"100644 blob %s\ta.py\n" % blob).strip().decode()
    return Git(folder), _commit(folder, tree)


def _git(folder: Path, *words: str, given: bytes = b"") -> bytes:
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        input=given,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        check=True,
    )
    return done.stdout


def _commit(folder: Path, tree: str, about: bytes = b"a <a@b> 1 +0000") -> str:
    raw = b"tree %s\nauthor %s\ncommitter %s\n\na\n" % (tree.encode(), about, about)
    return _object(folder, "commit", raw)


def _object(folder: Path, kind: str, raw: bytes) -> str:
    return _git(folder, "hash-object", "-t", kind, "-w", "--literally", "--stdin", given=raw).decode().strip()


def _patch(data: bytes) -> None:
    """A tree whose entries are the bytes: a mode, a name, and the content of the file."""
    git, base = _repository()
    entries = b""
    for row in data.split(b"\x1d")[:8]:
        mode, name, content = pieces(row, 3)
        kind = "tree" if mode.strip() == b"40000" else "blob"
        made = _object(git.folder, kind, b"" if kind == "tree" else content)
        entries += (
            (mode or b"100644").replace(b"\0", b"")
            + b" "
            + (name or b"a").replace(b"\0", b"")
            + b"\0"
            + bytes.fromhex(made)
        )
    head = _commit(git.folder, _object(git.folder, "tree", entries))
    settings = PublishingConfig()
    for each in objections(
        read_patch(git, base, head, most=settings.max_files, largest=settings.max_file_bytes), settings
    ):
        str(each).encode()


def _bundle(data: bytes) -> None:
    git, base = _repository()
    with scratch.scratch() as folder:
        (folder / "change.bundle").write_bytes(data.replace(b"BASE", base.encode()))
        git.unbundle(folder / "change.bundle")


def _past(data: bytes) -> None:
    """A commit that nobody checked: its dates, names and message are the bytes."""
    git, base = _repository()
    tree = git.text("rev-parse", f"{base}^{{tree}}").strip()
    about, message = pieces(data, 2)
    raw = b"tree %s\nauthor %s\ncommitter %s\n\n%s" % (tree.encode(), about, about, message)
    found = Past(git).commit(_object(git.folder, "commit", raw))
    if found is not None:
        found.moment.isoformat()


TARGETS = (
    *(_manifest(name) for name in (*PARSERS, *LOCKS, *_OTHERS)),
    Target("wheel", _wheel, ("gates.package_index",), ("PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "a-1.dist-info/METADATA", "License: a\n", "=?utf-8?b?")),
    Target("package-json", _package_json, ("gates.presets.javascript",), ('{"scripts":{"test":"', "node --test ", '"', "'", *_JSON)),
    Target("surveyed-python", _surveyed, ("gates.survey_script",), ("def a():\n ", "class A:\n ", "@a\n", "(", "-", "\0", "# coding: a\n")),
    Target("licence", _licence, ("manifests.licences",), ("(", ")", "MIT ", "AND ", "OR ", "WITH ", "GPL-2.0+ ", "gpl ")),
    Target("change", _change, ("work.triggers.compatibility", "work.triggers.architecture", "work.triggers.python_api", "work.triggers.data", "work.triggers.security"),
           (*_TOML, *_YAML, *_JSON, "def a():\n", "CREATE TABLE a ", "FROM a\n", "password = ", "services:\n  a:\n")),
    Target("settings-of-tools", _tool_settings, ("gates.configuration",), ("[tool.coverage.run]\n", "omit = ", "[run]\n", *_TOML)),
    Target("settings-that-judge", _judging_settings, ("gates.protected",), ("[tool.ruff]\n", "[mypy]\n", '{"jest":', *_TOML)),
    Target("rules-of-semgrep", _rules, ("gates.rulepack",), (*_YAML, "rules:\n", "- id: a\n")),
    Target("evidence", _evidence, ("gates.tampering.evidence", "gates.tampering.special_cases"), ("assert a == ", "[", "(", "{", "1,", "-", "'a'", '"', "\n", "\r", "\0"), grows=250_000),
    Target("source-module", _module, ("gates.tampering.module",), ("(", "[", "-", "not ", "a.", "\0"), (ValueError,)),
    Target("git-tree", _patch, ("publishing.patch", "publishing.policy", "publishing.paths"), ("100644\x1ea.py\x1ea\x1d", "120000\x1e", "160000\x1e", ".gitattributes\x1e* -diff", "../", ".git"), grows=300_000),
    Target("git-bundle", _bundle, ("system.git",), ("# v2 git bundle\n", "# v3 git bundle\n", "-BASE\n", "BASE refs/heads/a\n", "PACK\x00\x00\x00\x02"), grows=100_000),
    Target("git-commit", _past, ("system.history",), ("a <a@b> 1 +0000\x1e", "99999999999999999999 +0000", "-1 ", "+9999", "\t", "gpgsig "), grows=100_000),
)  # fmt: skip
