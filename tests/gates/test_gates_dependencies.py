"""Dependencies of real changes, against a package index that really answers: ours, on the loopback."""

import hashlib
import http.server
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ci_factory.model.gate import Finding, GateResult, GateStatus, Severity

Project = Any  # tests/gates/conftest.py
BASE = "alpha-lib==1.0\n"
PACKAGES = {
    "alpha-lib": "License-Expression: MIT",
    "beta-lib": "Classifier: License :: OSI Approved :: BSD License",
    "weak-lib": "License: LGPL-3.0-or-later",
    "strong-lib": "License-Expression: AGPL-3.0-only",
    "unsaid-lib": "Summary: says nothing about its licence",
}


def wheel(name: str, licence: str) -> bytes:
    """A wheel of version 1.0 that holds nothing but metadata."""
    flat = name.replace("-", "_")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        folder = f"{flat}-1.0.dist-info"
        archive.writestr(
            f"{folder}/METADATA", f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{licence}\n"
        )
        archive.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{folder}/RECORD", "")
    return data.getvalue()


class Index(http.server.BaseHTTPRequestHandler):
    """PEP 503 for pip and a registry for npm; everything else is not there."""

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        self.server.asked.append(self.path)  # type: ignore[attr-defined] # a list of our own on the server
        found = self._page(parts)
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Type", "application/json" if parts[0] == "npm" else "text/html")
        self.end_headers()
        self.wfile.write(found or b"{}")

    def _page(self, parts: list[str]) -> bytes | None:
        if parts[0] == "npm" and parts[1:] == ["delta"]:
            version = {
                "name": "delta",
                "version": "1.2.3",
                "license": "ISC",
                "dist": {"tarball": "http://x/d.tgz"},
            }
            return json.dumps(
                {
                    "name": "delta",
                    "license": "ISC",
                    "dist-tags": {"latest": "1.2.3"},
                    "versions": {"1.2.3": version},
                }
            ).encode()
        if parts[0] == "simple" and parts[-1] in PACKAGES:
            name = parts[-1]
            file = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
            digest = hashlib.sha256(wheel(name, PACKAGES[name])).hexdigest()
            return f'<a href="/files/{name}/{file}#sha256={digest}">{file}</a>'.encode()
        return wheel(parts[1], PACKAGES[parts[1]]) if parts[0] == "files" else None

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """The index, configured for pip and npm; gives the paths that were asked for."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    server.asked = []  # type: ignore[attr-defined] # a list of our own on the server
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configure(monkeypatch, tmp_path, f"http://127.0.0.1:{server.server_address[1]}")
    yield server.asked  # type: ignore[attr-defined] # the same
    server.shutdown()
    server.server_close()


def configure(monkeypatch: pytest.MonkeyPatch, folder: Path, address: str) -> None:
    """Point pip and npm at an index, and take away what the machine configures."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{address}/npm/")
    home = folder / "index-home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An index that does not answer."""
    configure(monkeypatch, tmp_path, "http://127.0.0.1:9")


def judge(
    project: Project, before: Mapping[str, str | None], after: Mapping[str, str | None], settings: str = ""
) -> GateResult:
    project.commit({"readme.txt": "x\n", **before})
    project.commit(after)
    result: GateResult = project.judge("dependencies", settings)
    return result


def rules(result: GateResult) -> dict[str, Severity]:
    return {finding.rule: finding.severity for finding in result.findings}


def found(result: GateResult, rule: str) -> Finding:
    return next(finding for finding in result.findings if finding.rule == rule)


OFFLINE = "gates: {dependencies: {check_index: false}}"


@pytest.mark.usefixtures("away")
def test_a_change_without_new_dependencies_asks_nobody(project: Project) -> None:
    """Other changes, newer versions and removals need no index; a person sees what changed."""
    result = judge(project, {"requirements.txt": BASE}, {"a.py": "A = 1\n"})
    assert (result.status, result.summary) == (GateStatus.PASS, "no manifest changed")
    result = judge(project, {"requirements.txt": f"{BASE}gone\n"}, {"requirements.txt": "alpha-lib==1.1\n"})
    assert result.status is GateStatus.PASS
    said = [(reason.message, reason.path, reason.line, reason.points) for reason in result.reasons]
    assert said[0] == (
        "require review: dependency alpha-lib changed from ==1.0 to ==1.1",
        "requirements.txt",
        1,
        0,
    )
    assert "gone is gone" in said[1][0]


def test_a_real_dependency_needs_a_persons_look(project: Project, asked: list[str]) -> None:
    """A name that exists under a permissive licence passes with a remark."""
    result = judge(project, {"requirements.txt": BASE}, {"requirements.txt": f"{BASE}beta_lib==1.0\n"})
    assert (result.status, rules(result)) == (GateStatus.PASS, {})
    assert [(reason.message, reason.line) for reason in result.reasons] == [
        ("require review: new dependency beta_lib ==1.0", 2)
    ]
    assert "/simple/beta-lib/" in asked


@pytest.mark.usefixtures("asked")
def test_an_invented_dependency_blocks(project: Project) -> None:
    """A name that the configured index does not have blocks, with its place."""
    result = judge(
        project,
        {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["alpha-lib"]\n'},
        {
            "pyproject.toml": '[project]\nname = "x"\ndependencies = [\n  "alpha-lib",\n  "quite-invented>=2",\n]\n'
        },
    )
    assert result.status is GateStatus.BLOCKED
    finding = found(result, "invented-dependency")
    assert (finding.severity, finding.path, finding.region and finding.region.line) == (
        Severity.CRITICAL,
        "pyproject.toml",
        5,
    )


@pytest.mark.usefixtures("away")
def test_an_index_that_is_away_is_inconclusive(project: Project) -> None:
    """What could not be asked is not believed, unless the project says not to ask or knows the name."""
    change: tuple[Mapping[str, str | None], Mapping[str, str | None]] = (
        {"requirements.txt": BASE},
        {"requirements.txt": f"{BASE}beta-lib==1.0\n"},
    )
    result = judge(project, *change)
    assert result.status is GateStatus.INCONCLUSIVE
    assert "could not be asked" in result.reasons[0].message
    assert project.judge("dependencies", OFFLINE).status is GateStatus.PASS
    assert (
        project.judge("dependencies", "gates: {dependencies: {allow: [Beta_Lib]}}").status is GateStatus.PASS
    )


@pytest.mark.usefixtures("asked")
def test_licences_are_judged(project: Project) -> None:
    """Weak copyleft warns, strong copyleft and none at all block; the configuration decides otherwise."""
    names = ("weak-lib", "strong-lib", "unsaid-lib")
    result = judge(
        project,
        {"requirements.txt": BASE},
        {"requirements.txt": BASE + "".join(f"{name}==1.0\n" for name in names)},
    )
    assert result.status is GateStatus.BLOCKED
    assert rules(result) == {
        "weak-copyleft": Severity.MEDIUM,
        "strong-copyleft": Severity.HIGH,
        "unknown-licence": Severity.HIGH,
    }
    lenient = "gates: {dependencies: {allow: [unsaid-lib], licences: {allow: [LGPL-3.0-or-later], review: [AGPL-3.0-only]}}}"
    result = project.judge("dependencies", lenient)
    assert (result.status, rules(result)) == (GateStatus.PASS, {"strong-copyleft": Severity.MEDIUM})


@pytest.mark.usefixtures("asked")
def test_a_version_that_does_not_exist_warns(project: Project) -> None:
    """A pin to a version that the index does not offer is told; `1.0.0` is `1.0`."""
    result = judge(project, {"requirements.txt": ""}, {"requirements.txt": "beta-lib==9.9\n"})
    assert rules(result) == {"unknown-version": Severity.MEDIUM}
    assert result.status is GateStatus.INCONCLUSIVE  # no licence of a version that is not there
    assert rules(judge(project, {"requirements.txt": ""}, {"requirements.txt": "beta-lib==1.0.0\n"})) == {}


@pytest.mark.usefixtures("asked")
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npm_is_asked_for_its_names(project: Project) -> None:
    """npm's registry knows `delta`, and no `epsilon-invented`."""
    result = judge(
        project,
        {"package.json": "{}"},
        {"package.json": '{"dependencies": {\n"delta": "^1.2.3",\n"epsilon-invented": "1.0.0"}}'},
    )
    assert rules(result) == {"invented-dependency": Severity.CRITICAL}
    assert found(result, "invented-dependency").message.startswith("epsilon-invented")


@pytest.mark.usefixtures("away")
def test_an_ecosystem_without_a_client_is_inconclusive(project: Project) -> None:
    """Nobody can be asked about a Go module, so a person has to name it."""
    after = "module x\n\nrequire github.com/some/thing v1.0.0\n"
    result = judge(project, {"go.mod": "module x\n"}, {"go.mod": after})
    assert result.status is GateStatus.INCONCLUSIVE
    assert "gates.dependencies.allow" in result.reasons[0].message
    allowed = project.judge("dependencies", "gates: {dependencies: {allow: [github.com/some/thing]}}")
    assert allowed.status is GateStatus.PASS


BLOCKING = {
    "a look-alike": ("requirements.txt", BASE, "reqeusts==2.0\n", "lookalike-dependency"),
    "another separator": ("requirements.txt", BASE, "python-dateutils==2.0\n", "lookalike-dependency"),
    "other letters": ("requirements.txt", BASE, "r\u0435quests==2.0\n", "lookalike-dependency"),
    "near one that is used": ("requirements.txt", "acme-billing==1\n", "acme-biling==1\n", "lookalike-dependency"),
    "a look-alike of npm": ("package.json", "{}", '{"dependencies": {"crossenv": "1.0.0"}}', "lookalike-dependency"),
    "an alias": ("package.json", "{}", '{"dependencies": {"react": "npm:reakt@1.0.0"}}', "lookalike-dependency"),
    "an extra index": ("requirements.txt", BASE, f"--extra-index-url https://x.example/s\n{BASE}", "foreign-index"),
    "another index": ("requirements.txt", BASE, f"-ihttps://x.example/s\n{BASE}", "foreign-index"),
    "an index of uv": ("pyproject.toml", "", '[[tool.uv.index]]\nurl = "https://x.example/s"\n', "foreign-index"),
    "a registry": (".npmrc", "", "@acme:registry=https://x.example/\n", "foreign-index"),
    "pip's own settings": ("pip.conf", "", "[global]\nindex-url = https://x.example/s\n", "foreign-index"),
    "a repository": ("requirements.txt", BASE, "lib @ git+https://x.example/lib@main\n", "foreign-dependency"),
    "an editable repository": ("requirements.txt", BASE, "-e git+ssh://git@x.example/lib#egg=lib\n", "foreign-dependency"),
    "an address": ("requirements.txt", BASE, "https://x.example/lib-1.0-py3-none-any.whl\n", "foreign-dependency"),
    "a path outside": ("requirements.txt", BASE, "-e ../../elsewhere\n", "foreign-dependency"),
    "an old name elsewhere": ("requirements.txt", BASE, "alpha-lib @ https://x.example/a.whl\n", "foreign-dependency"),
    "a source of uv": ("pyproject.toml", "", '[tool.uv.sources]\na = { git = "https://x.example/a" }\n', "foreign-dependency"),
    "a short repository": ("package.json", "{}", '{"dependencies": {"a": "somebody/a"}}', "foreign-dependency"),
    "a tarball": ("package.json", "{}", '{"devDependencies": {"a": "https://x.example/a.tgz"}}', "foreign-dependency"),
    "a file outside": ("web/package.json", "{}", '{"dependencies": {"a": "file:../../a"}}', "foreign-dependency"),
    "an override": ("package.json", "{}", '{"overrides": {"b": {"a": "git+https://x.example/a"}}}', "foreign-dependency"),
    "a crate's repository": ("Cargo.toml", "", '[dependencies]\na = { git = "https://x.example/a" }\n', "foreign-dependency"),
    "a module replaced": ("go.mod", "module x\n", "module x\nreplace a.b/c => ../../c\n", "foreign-dependency"),
    "a poisoned lock": (
        "package-lock.json",
        '{"packages": {}}',
        '{"packages": {"node_modules/a": {"version": "1.0.0", "resolved": "https://x.example/a.tgz"}}}',
        "foreign-dependency",
    ),
    "a script": ("package.json", "{}", '{"scripts": {"postinstall": "node x.js"}}', "install-script"),
    "a script of composer": ("composer.json", "{}", '{"scripts": {"post-install-cmd": "x"}}', "install-script"),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKING)
def test_what_is_plainly_wrong_blocks_without_an_index(project: Project, name: str) -> None:
    """Look-alikes, foreign places and code that runs at installation block, whether or not an index can be asked."""
    path, before, after, rule = BLOCKING[name]
    result = judge(project, {path: before}, {path: after}, OFFLINE)
    assert (result.status, rules(result).get(rule)) == (GateStatus.BLOCKED, Severity.HIGH)


FINE = {
    "a path inside": ("requirements.txt", BASE, f"{BASE}-e ./libs/own\n"),
    "a workspace": ("package.json", "{}", '{"dependencies": {"own": "workspace:*", "b": "file:./libs/b"}}'),
    "an official index": ("requirements.txt", BASE, f"--index-url https://pypi.org/simple\n{BASE}"),
    "a newer commit": (
        "requirements.txt",
        "lib @ git+https://x.example/lib@aaaa\n",
        "lib @ git+https://x.example/lib@bbbb\n",
    ),
    "hashes and markers": (
        "requirements.txt",
        BASE,
        'alpha-lib[x, y]==1.0 ; python_version < "3.13" \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n',
    ),
    "extras of its own": (
        "pyproject.toml",
        "",
        '[project]\nname = "own-thing"\n[project.optional-dependencies]\nall = ["own_thing[a]"]\n',
    ),
    "real names that resemble others": (
        "requirements.txt",
        BASE,
        f"{BASE}psycopg==3.1\ncattrs==1\nboto==2\n",
    ),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_usual_passes(project: Project, name: str) -> None:
    """Ordinary manifests raise no finding."""
    path, before, after = FINE[name]
    result = judge(project, {path: before}, {path: after}, OFFLINE)
    assert (result.status, rules(result)) == (GateStatus.PASS, {})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", '{"dependencies": {"a": "1"}'),
        ("package.json", '{"dependencies": {"a": "1"}, "dependencies": {}}'),
        ("package.json", '{"dependencies": ["a"]}'),
        ("pyproject.toml", "[project\n"),
        ("requirements.txt", "alpha lib ==\n"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=open('x').read().split())\n"),
        ("pom.xml", '<!DOCTYPE x [<!ENTITY a "b">]><project>&a;</project>'),
        ("go.mod", "module x\nrequire a b c d\n"),
        ("pnpm-lock.yaml", "a: &a [x]\nb: *a\n"),
        ("requirements.txt", "#" * (2 * 1024 * 1024 + 1)),
    ],
)
def test_a_manifest_that_can_not_be_read_is_inconclusive(project: Project, path: str, text: str) -> None:
    """What a damaged, hostile, computed or huge manifest asks for is unknown, and the report names it."""
    result = judge(project, {path: ""} if path.endswith(".txt") else {}, {path: text}, OFFLINE)
    assert result.status is GateStatus.INCONCLUSIVE
    assert path in result.summary


def test_files_that_a_manifest_includes_are_manifests(project: Project) -> None:
    """A list under any name counts when a requirements file reads it."""
    before = {"requirements.txt": "-r ci/base.txt\n", "ci/base.txt": BASE}
    result = judge(project, before, {"ci/base.txt": f"{BASE}https://x.example/x.tar.gz\n"}, OFFLINE)
    assert found(result, "foreign-dependency").path == "ci/base.txt"


def test_credentials_of_an_index_are_not_repeated(project: Project) -> None:
    """An index with a password in its address is told by its host."""
    word = "Zk7!" + "qmW2xR"
    text = f"--extra-index-url https://bot:{word}@x.example/simple\n{BASE}"
    project.commit({"requirements.txt": BASE})
    project.commit({"requirements.txt": text})
    report = project.report("dependencies", "secrets", settings=OFFLINE)
    assert "x.example" in report.model_dump_json()
    assert word not in report.model_dump_json()


@pytest.mark.parametrize(("policy", "status"), [("block", GateStatus.BLOCKED), ("allow", GateStatus.PASS)])
def test_the_project_decides_about_new_ones(project: Project, policy: str, status: GateStatus) -> None:
    """`new: block` leaves every new dependency to a person; `new: allow` says nothing."""
    settings = f"gates: {{dependencies: {{check_index: false, new: {policy}}}}}"
    result = judge(
        project, {"requirements.txt": BASE}, {"requirements.txt": f"{BASE}beta-lib==1.0\n"}, settings
    )
    assert (result.status, bool(result.reasons)) == (status, policy == "block")


def test_a_dependency_that_moves_between_manifests_is_not_new(project: Project, asked: list[str]) -> None:
    """What another manifest of the project asked for before is known; nobody is asked."""
    after = {
        "requirements.txt": "",
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["alpha-lib==1.0"]\n',
    }
    result = judge(project, {"requirements.txt": BASE}, after)
    assert (result.status, asked) == (GateStatus.PASS, [])
