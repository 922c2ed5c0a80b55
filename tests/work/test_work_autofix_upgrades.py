"""What the autofix agent mends beside lint: names that are gone, and patch releases by an index that really answers."""

import http.server
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.cli.from_findings import command
from ci_factory.config import AgentConfig
from ci_factory.forge.ticket_files import read_tickets
from ci_factory.manifests.model import Ecosystem, Source, source_of
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.system import process
from ci_factory.system.git import Git
from ci_factory.work.agents import autofix_block, autofix_semgrep
from ci_factory.work.agents.autofix_block import DependencyBumps
from ci_factory.work.agents.autofix_dependencies import Bump, Pin, has_lock, pins, replaced
from ci_factory.work.agents.python_version import supported_python
from ci_factory.work.from_findings import tickets_from_findings

Room = Any  # tests/work/conftest.py
EXAMPLES = Path(__file__).parents[1] / "data" / "autofix" / "rules.yml"
AGENT = AgentConfig(name="one", adapter="autofix")
RELEASES = {
    "alpha-lib": {"1.2.3": "", "1.2.4": "", "1.2.5": "yanked", "1.2.6rc1": "", "1.3.0": "", "2.0.0": ""},
    "beta-lib": {"0.9.1": ""},
}
HEAD = "import base64\nimport logging\nimport threading\nimport time\n\nimport numpy as np\nimport pytest\n\n"


@pytest.mark.slow
@pytest.mark.skipif(not autofix_semgrep.is_installed(), reason="semgrep is not installed")
def test_every_upgrade_rule_mends_its_line_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each rule has an example; names that were imported by themselves stay, as their import would not follow."""
    examples: dict[str, list[str]] = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    assert set(examples) == set(autofix_semgrep.pack())
    alone = "from time import clock\nfrom logging import warn\n\nclock()\nwarn('x')\n"
    (tmp_path / "alone.py").write_text(alone, encoding="utf-8")
    for name, (old, _, left) in examples.items():
        (tmp_path / f"{name}.py").write_text(f"{HEAD}{old}\n{left}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    files = [path.name for path in sorted(tmp_path.glob("*.py"))]
    out = tmp_path / "out"
    out.mkdir()
    found = autofix_semgrep.find(list(examples), files, tmp_path, out)
    assert sorted(found) == sorted((f"{name}.py", name) for name in examples)
    autofix_semgrep.fix(list(examples), files, out)
    for name, (_, new, left) in examples.items():
        assert (tmp_path / f"{name}.py").read_text(encoding="utf-8") == f"{HEAD}{new}\n{left}\n", name
    assert (tmp_path / "alone.py").read_text(encoding="utf-8") == alone


def test_only_files_with_the_words_are_looked_into() -> None:
    """A cheap look comes first; most files have none of the old names."""
    assert autofix_semgrep.likely("self.assertEquals(1, 1)") == {"unittest-assert-equals"}
    assert autofix_semgrep.likely("x: int = 1") == set()
    assert "numpy-int" in autofix_semgrep.likely("import numpy\nnumpy.int")


class Index(http.server.BaseHTTPRequestHandler):
    """PEP 503 for pip; a registry with one package for npm."""

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        page = self._page(parts)
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "application/json" if parts[0] == "npm" else "text/html")
        self.end_headers()
        self.wfile.write(page or b"{}")

    def _page(self, parts: list[str]) -> bytes | None:
        if parts[0] == "npm" and parts[1:] == ["delta"]:
            return json.dumps(registry()).encode()
        if parts[0] == "simple" and parts[-1] in RELEASES:
            rows = [link(parts[-1], version, note) for version, note in RELEASES[parts[-1]].items()]
            return "\n".join(rows).encode()
        return wheel(parts[1], parts[2].split("-")[1]) if parts[0] == "files" else None

    def log_message(self, *_: object) -> None:
        """Quiet."""


def link(name: str, version: str, note: str) -> str:
    file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    yanked = ' data-yanked=""' if note == "yanked" else ""
    return f'<a href="/files/{name}/{file}"{yanked}>{file}</a>'


def wheel(name: str, version: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        folder = f"{name.replace('-', '_')}-{version}.dist-info"
        archive.writestr(f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{folder}/RECORD", "")
    return data.getvalue()


def registry() -> dict[str, Any]:
    """Of npm: 4.1.3 is deprecated, 4.2.0 is no patch release."""
    versions = {
        number: {"name": "delta", "version": number, "dist": {"tarball": "http://x/d.tgz"}}
        for number in ("4.1.1", "4.1.2", "4.1.3", "4.1.4-beta.1", "4.2.0")
    }
    versions["4.1.3"]["deprecated"] = "broken"
    return {"name": "delta", "dist-tags": {"latest": "4.2.0"}, "versions": versions}


def configure(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Point pip and npm at an index, and take away what the machine configures."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{address}/npm/")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An index on the loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configure(monkeypatch, f"http://127.0.0.1:{server.server_address[1]}")
    yield
    server.shutdown()
    server.server_close()


REQUIREMENTS = "# pinned\nalpha-lib==1.2.3  # keep below 2\nbeta_lib ~= 0.9.1\nfree>=1\n"
PACKAGE = '{\n  "name": "shop",\n  "dependencies": {\n    "delta": "~4.1.1",\n    "open": "^1.0.0"\n  }\n}\n'


def bump(room: Room, commit: Any, files: dict[str, str], *names: str) -> Attempt:
    """A night's work on the manifests; a lock file is no manifest."""
    room.base = commit(room.repo, files)
    named = tuple(path for path in files if "lock" not in path)
    job = DependencyBumps(tool="dependencies", files=named, names=names)
    found: Attempt = room.work(room.planned(body=autofix_block.render(job)), agent=AGENT)
    return found


@pytest.mark.usefixtures("index")
def test_patch_releases_are_taken_and_nothing_else(room: Room, commit: Any) -> None:
    """Neither yanked nor pre-releases nor the next minor version; comments and other lines stay."""
    attempt = bump(room, commit, {"requirements.txt": REQUIREMENTS}, "alpha-lib", "beta-lib", "free")
    assert attempt.ending is Ending.COMPLETED
    assert room.read(attempt, "requirements.txt") == REQUIREMENTS.replace("1.2.3", "1.2.4")
    said = attempt.runs[0].detail
    assert "alpha-lib 1.2.3 -> 1.2.4; beta_lib 0.9.1 has no newer patch release" in said


@pytest.mark.usefixtures("index")
@pytest.mark.skipif(process.which("npm") is None, reason="npm is not installed")
def test_patch_releases_of_npm_packages(room: Room, commit: Any) -> None:
    """Deprecated versions are passed over, and ranges are left to npm."""
    attempt = bump(room, commit, {"package.json": PACKAGE}, "delta", "open")
    assert room.read(attempt, "package.json") == PACKAGE.replace("4.1.1", "4.1.2")


def test_an_index_that_is_away_changes_nothing(
    room: Room, commit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be asked is said, and guessed by nobody."""
    configure(monkeypatch, "http://127.0.0.1:9")
    attempt = bump(room, commit, {"requirements.txt": REQUIREMENTS}, "alpha-lib")
    assert attempt.ending is Ending.NO_CHANGE
    assert "the index gave no answer about alpha-lib" in attempt.reason


def test_a_manifest_with_a_lock_file_is_left_to_its_tool(room: Room, commit: Any) -> None:
    """Half of a pair would not install."""
    attempt = bump(room, commit, {"package.json": PACKAGE, "package-lock.json": "{}"}, "delta")
    assert attempt.ending is Ending.NO_CHANGE
    assert "has a lock file beside it" in attempt.reason
    assert has_lock("web/package.json", ["web/yarn.lock"])
    assert not has_lock("requirements.txt", ["poetry.lock"])


@pytest.mark.usefixtures("index")
def test_tickets_offer_upgrades_and_patch_releases(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """The same night's work as for lint: read back, small, and the index is asked only when it may be."""
    repo = new_repo({"requirements.txt": REQUIREMENTS, "app.py": "x = 1\n"})
    made = tickets_from_findings(Git(repo), tmp_path / "out")
    assert made.silent == ()
    (ticket,) = read_tickets(tmp_path / "out")
    assert (ticket.id, ticket.files) == ("patch-releases-1", ("requirements.txt",))
    job = DependencyBumps(tool="dependencies", files=("requirements.txt",), names=("alpha-lib",))
    assert autofix_block.parse(ticket.body) == job
    assert tickets_from_findings(Git(repo), tmp_path / "out", offline=True).paths == []


def test_an_index_that_is_away_is_said_and_hinders_no_other_ticket(
    new_repo: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lint tickets are written all the same."""
    configure(monkeypatch, "http://127.0.0.1:9")
    repo = new_repo({"requirements.txt": REQUIREMENTS, "app.py": "import os\n"})
    done = CliRunner().invoke(command, ["--repo", str(repo), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert [path.stem for path in (tmp_path / "out").iterdir()] == ["ruff-f401-1"]
    assert "the index gave no answer about alpha-lib" in done.output


@pytest.mark.slow
@pytest.mark.skipif(not autofix_semgrep.is_installed(), reason="semgrep is not installed")
def test_tickets_offer_names_that_are_gone(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """Found by the very rules that mend them."""
    repo = new_repo({"old.py": "import time\n\nSTART = time.clock()\n"})
    tickets_from_findings(Git(repo), tmp_path / "out", offline=True)
    (ticket,) = read_tickets(tmp_path / "out")
    assert (ticket.id, ticket.files) == ("upgrade-time-clock-1", ("old.py",))
    assert autofix_block.parse(ticket.body) is not None


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("requirements.txt", "a==1.2.3\nb~=1.2.3\nc>=1.2.3\nd==1.2\ne==1.2.3rc1\n", ["a", "b"]),
        ("requirements.txt", "a==1.2.3 --hash=sha256:00\nb==1.2.3 \\\n  --hash=sha256:00\n", []),
        ("pyproject.toml", '[project]\nname = "x"\ndependencies = [\n  "a==1.2.3",\n  "b>1",\n]\n', ["a"]),
        ("package.json", '{"dependencies": {"a": "1.2.3", "b": "^1.2.3", "c": "file:../c"}}', ["a"]),
        ("poetry.lock", '[[package]]\nname = "a"\nversion = "1.2.3"\n', []),
        ("notes.md", "a==1.2.3\n", []),
    ],
)
def test_pins_are_exact_versions_of_an_index(path: str, text: str, found: list[str]) -> None:
    """Ranges, hashes, locks, paths and pre-releases are none."""
    assert [pin.name for pin in pins(path, text)] == found


@pytest.mark.parametrize(
    ("spec", "source"),
    [("~4.1.1", Source.INDEX), ("~> 1.2", Source.INDEX), ("~=1.2.3", Source.INDEX), ("~/lib", Source.OUTSIDE),
     ("~me/lib", Source.OUTSIDE), ("./lib", Source.INSIDE)],
)  # fmt: skip
def test_a_tilde_is_a_range_unless_it_begins_a_path(spec: str, source: Source) -> None:
    """A range of versions comes from the index."""
    assert source_of(spec) is source


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 98), st.integers(1, 9))
def test_a_bump_changes_one_version_and_is_read_back(a: int, b: int, c: int, more: int) -> None:
    """Whatever the numbers, only the pin's own version becomes another."""
    old, new = f"{a}.{b}.{c}", f"{a}.{b}.{c + more}"
    text = f"other=={old}\nlib=={old}  # was {old}\n"
    pin = Pin("requirements.txt", 2, Ecosystem.PYPI, "lib", old)
    assert replaced(text, [Bump(pin, new)]) == f"other=={old}\nlib=={new}  # was {old}\n"


@pytest.mark.parametrize(
    ("pyproject", "setup_cfg", "version"),
    [
        ('[project]\nrequires-python = ">=3.9"\n', None, "py39"),
        ('[tool.poetry.dependencies]\npython = "^3.10"\n', None, "py310"),
        ("", "[options]\npython_requires = >=3.8\n", "py38"),
        ("not toml [", "not ini", None),
        (None, None, None),
        ('[project]\nrequires-python = ">=3.2"\n', None, "py37"),
    ],
)
def test_the_oldest_python_decides_what_is_modern(
    pyproject: str | None, setup_cfg: str | None, version: str | None
) -> None:
    """Of each usual place; without one, ruff's own default holds."""
    assert supported_python(pyproject, setup_cfg) == version
