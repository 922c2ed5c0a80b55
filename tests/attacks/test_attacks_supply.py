"""Dependencies that a change brings: invented, look-alike, or from a place that nobody chose. No index is asked here."""

from collections.abc import Callable

import pytest

from tests.attacks.judged import OFF, Files, Place, sampled
from tests.attacks.table import variants

Seen = Callable[[str], None]
BEFORE: Files = {
    "requirements.txt": "alpha-lib==1.0\n",
    "package.json": "{}",
    "pyproject.toml": '[project]\nname = "x"\nversion = "1"\n',
    "readme.txt": "x\n",
}
PROJECT = str(BEFORE["pyproject.toml"])
ELSEWHERE = "https://x.example/s"


def listed(*lines: str) -> Files:
    """A list of requirements with more lines."""
    return {"requirements.txt": "\n".join(["alpha-lib==1.0", *lines, ""])}


def declared(text: str) -> Files:
    """A project file with more in it."""
    return {"pyproject.toml": PROJECT + text}


LOOKALIKES: dict[str, Files] = {
    "letters exchanged": listed("reqeusts==2.0"),
    "letters exchanged, over two lines": listed("req\\", "eusts==2.0"),
    "letters of another alphabet": {"requirements-dev.txt": "r\u0435quests==2.0\n"},
    "another separator": listed("python-dateutils==2.0"),
    "what builds the project": declared('[build-system]\nrequires = ["reqeusts"]\n'),
    "a group of dependencies": declared('[dependency-groups]\ndev = ["reqeusts"]\n'),
    "an override": declared('[tool.uv]\noverride-dependencies = ["reqeusts"]\n'),
    "a list that another file reads": {
        **declared('[tool.setuptools.dynamic]\ndependencies = {file = ["deps.in"]}\n'),
        "deps.in": "reqeusts\n",
    },
    "settings of an old kind": {"setup.cfg": "[options]\ninstall_requires =\n    reqeusts\n"},
    "a program of an old kind": {
        "setup.py": "from setuptools import setup\n\nsetup(install_requires=['reqeusts'])\n"
    },
    "a script with a list of its own": {
        "tool.py": '# /// script\n# dependencies = ["reqeusts"]\n# ///\nprint(1)\n'
    },
    "npm": {"package.json": '{"devDependencies": {"crossenv": "1.0.0"}}'},
    "npm, under an alias": {"package.json": '{"dependencies": {"react": "npm:reakt@1.0.0"}}'},
}
PLACES: dict[str, Files] = {
    "one more index": listed(f"--extra-index-url {ELSEWHERE}"),
    "one more index, after a tab": listed(f"--extra-index-url\t{ELSEWHERE}"),
    "one more index, from a variable": listed("--extra-index-url ${INDEX}"),
    "another index, indented": listed(f"   --index-url={ELSEWHERE}"),
    "links to files": listed(f"-f {ELSEWHERE}"),
    "constraints from elsewhere": listed(f"-c {ELSEWHERE}"),
    "more requirements from elsewhere": listed(f"-r {ELSEWHERE}"),
    "an index of uv": {"uv.toml": f"extra-index-url = ['{ELSEWHERE}']\n"},
    "an index of uv's pip": declared(f"[tool.uv.pip]\nextra-index-url = ['{ELSEWHERE}']\n"),
    "an index of poetry": declared(f"[[tool.poetry.source]]\nname = 'e'\nurl = '{ELSEWHERE}'\n"),
    "an index of pipenv": {"Pipfile": f"[[source]]\nname = 'e'\nurl = '{ELSEWHERE}'\n"},
    "an index in a lock file": {
        "uv.lock": f"version = 1\n[[package]]\nname = 'a'\nversion = '1'\nsource = {{registry = '{ELSEWHERE}'}}\n"
    },
    "an index in a lock file of poetry": {
        "poetry.lock": f"[[package]]\nname = 'a'\nversion = '1'\n[package.source]\ntype = 'legacy'\nurl = '{ELSEWHERE}'\n"
    },
    "a registry of npm": {".npmrc": "registry=https://x.example/\n"},
    "a registry of yarn": {".yarnrc.yml": "npmRegistryServer: https://x.example/\n"},
    "a place in a lock file of npm": {
        "package-lock.json": '{"packages": {"node_modules/a": {"version": "1.0.0", "resolved": "https://x.example/a.tgz"}}}'
    },
    "a place in a lock file of yarn": {
        "yarn.lock": '# yarn lockfile v1\n\n\na@^1:\n  version "1.0.0"\n  resolved "https://x.example/a.tgz"\n'
    },
    "an override of npm": {"package.json": '{"overrides": {"b": {"a": "git+https://x.example/a"}}}'},
    "an override of pnpm": {"package.json": '{"pnpm": {"overrides": {"a": "git+https://x.example/a"}}}'},
    "the package manager itself": {"package.json": '{"packageManager": "yarn@https://x.example/y.js"}'},
    "a source of cargo": {".cargo/config.toml": "[source.crates-io]\nreplace-with = 'e'\n[source.e]\nregistry = 'https://x.example/i'\n"},
    "a patched crate": {"Cargo.toml": "[patch.crates-io]\na = { git = 'https://x.example/a' }\n"},
    "a module of Go, replaced": {"go.mod": "module x\nreplace a.b/c => x.example/c v1.0.0\n"},
    "a repository of composer": {"composer.json": '{"repositories": [{"type": "vcs", "url": "https://x.example/a"}]}'},
}  # fmt: skip
RUN: dict[str, Files] = {
    "a script of npm": {"package.json": '{"scripts": {"postinstall": "node x.js"}}'},
    "a script of composer": {"composer.json": '{"scripts": {"post-install-cmd": "x"}}'},
    "a build backend in the tree": declared(
        "[build-system]\nrequires = []\nbuild-backend = 'evil'\nbackend-path = ['.']\n"
    ),
}
UNREAD: dict[str, Files] = {
    "conda": {"environment.yml": "dependencies:\n  - pip:\n    - reqeusts\n"},
    "Ruby": {"Gemfile": 'source "https://x.example"\ngem "x"\n'},
    "Gradle": {"build.gradle.kts": 'repositories { maven("https://x.example") }\n'},
    "no JSON": {"package.json": '{"dependencies": {"a": "1"}'},
    "computed": {
        "setup.py": "from setuptools import setup\n\nsetup(install_requires=open('x').read().split())\n"
    },
}


def judged(project: Place, files: Files, settings: str = OFF) -> tuple[int, str, list[str]]:
    """Exit status, verdict and what was said about the files."""
    found = project.gate(BEFORE, files, "dependencies", settings=settings)
    said = [each["path"] for each in found.gate("dependencies")["findings"]]
    said += [each["path"] or "" for each in found.gate("dependencies")["reasons"]]
    return found.code, found.verdict, [*said, found.gate("dependencies")["summary"]]


@pytest.mark.attack(row=36, defence="named, whether or not an index can be asked")
@sampled(
    "files",
    {
        **{f"run when installed: {name}": files for name, files in RUN.items()},
        **{f"a foreign place: {name}": files for name, files in PLACES.items()},
        **{f"a look-alike: {name}": files for name, files in LOOKALIKES.items()},
    },
    quick=15,
)
def test_a_dependency_that_nobody_chose_is_no_pass(project: Place, files: Files, seen: Seen) -> None:
    """What looks like a known name, comes from elsewhere or runs when it is installed is for a person."""
    code, verdict, said = judged(project, files)
    assert (code, verdict) in {(1, "blocked"), (4, "inconclusive")}
    assert any(path in text for path in files for text in said)
    seen("exit status 1 or 4, verdict `blocked` or `inconclusive`; the manifest is named")


@pytest.mark.attack(row=36, defence="inconclusive")
@variants("files", {f"a manifest that is not read: {name}": files for name, files in UNREAD.items()})
def test_a_manifest_that_nobody_reads_is_no_pass(project: Place, files: Files, seen: Seen) -> None:
    """What a manifest asks for that can't be read is unknown, and unknown is not nothing."""
    code, verdict, said = judged(project, files, settings="threshold: 80")
    assert (code, verdict) == (4, "inconclusive")
    assert any(path in text for path in files for text in said)
    seen("exit status 4, verdict `inconclusive`; the manifest is named")


def test_a_known_dependency_passes(project: Place) -> None:
    """Without the attack, a newer version of what is there passes."""
    assert judged(project, {"requirements.txt": "alpha-lib==1.1\n"})[:2] == (0, "pass")
