"""Presets: which gates a repository gets by what it holds, and the real tools at work."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory.errors import ArtifactError
from ci_factory.gates.presets import PRESETS, SETTINGS, takes_over
from ci_factory.gates.presets.model import Files, TestsCommand
from ci_factory.gates.presets.registry import choose_tests, detected
from ci_factory.gates.reports.formats import read_coverage, read_tests
from ci_factory.model.gate import Component, GateStatus, Verdict
from ci_factory.scoring.score import score_report
from ci_factory.system import process

Project = Any  # tests/gates/conftest.py
COMMON = {"policy", "tampering", "semgrep", "secrets", "dependencies"}
PYTHON = {"syntax", "ruff", "mypy", "tests", "complexity", "documentation"}
NPM_PACKAGES = ("eslint@9", "prettier@3", "typescript@5")


def side(files: Mapping[str, str | dict[str, Any]]) -> dict[str, str]:
    """Files as texts."""
    return {name: text if isinstance(text, str) else json.dumps(text) for name, text in files.items()}


def chosen(base: Mapping[str, Any], head: Mapping[str, Any] | None = None) -> TestsCommand | None:
    """What runs the tests of a change between two trees."""
    sides = {"base": side(base), "head": side(base if head is None else head)}
    files = Files(
        frozenset(sides["base"]), frozenset(sides["head"]), lambda which, path: sides[which].get(path, "")
    )
    return choose_tests(detected(("auto",), files), files)


def planned(project: Project, settings: str = "") -> set[str]:
    """Names of the gates of the last commit, none of which is about the change."""
    quick = {"disabled": ["secrets", "semgrep"]} | (json.loads(settings) if settings else {})
    report = project.report(settings=json.dumps({"gates": quick}))
    return {each.gate for each in report.gates if each.status is not GateStatus.SKIPPED}


@pytest.mark.parametrize(
    ("files", "gates"),
    [
        ({"a.py": ""}, PYTHON),
        ({"a.js": "", "package.json": "{}"}, {"complexity"}),
        ({"a.js": "", "eslint.config.mjs": ""}, {"complexity", "eslint"}),
        ({"a.js": "", ".eslintrc.json": "{}", ".prettierrc": ""}, {"complexity", "eslint", "prettier"}),
        ({"package.json": '{"eslintConfig": {}, "prettier": {}}'}, {"complexity", "eslint", "prettier"}),
        ({"a.ts": "", "tsconfig.json": "{}"}, {"complexity", "tsc"}),
        ({"package.json": '{"scripts": {"test": "node --test"}}'}, {"complexity", "tests"}),
        ({"a.go": "", "go.mod": ""}, {"complexity", "gofmt", "go-vet", "tests"}),
        ({"src/lib.rs": "", "Cargo.toml": ""}, {"complexity", "rustfmt", "clippy", "tests"}),
        ({"a.php": ""}, {"complexity"}),
        (
            {"a.php": "", "phpstan.neon": "", ".php-cs-fixer.dist.php": "", "phpunit.xml": ""},
            {"complexity", "phpstan", "php-cs-fixer", "tests"},
        ),
        (
            {"A.java": "", "pom.xml": "", "checkstyle.xml": ""},
            {"complexity", "maven-compile", "checkstyle", "tests"},
        ),
        ({"A.java": "", "build.gradle.kts": ""}, {"complexity", "gradle-compile", "tests"}),
        ({"README.md": ""}, set()),
    ],
)
def test_a_repository_gets_the_gates_of_its_languages(
    project: Project, files: dict[str, str], gates: set[str]
) -> None:
    """Tools run where the project is set up for them; nothing else is expected of it."""
    project.commit(files | {"notes.txt": "x\n"})
    project.commit({"notes.txt": "y\n"})
    assert planned(project) - COMMON == gates


def test_a_change_can_not_hide_its_language_or_its_linter(project: Project) -> None:
    """What the base was judged by judges the change that takes it away."""
    project.commit({"a.js": "", "eslint.config.js": "", "b.py": "", "notes.txt": "x"})
    project.commit({"a.js": None, "eslint.config.js": None, "b.py": None})
    assert planned(project, '{"python": "/nonexistent"}') >= {"eslint", "ruff"}


def test_a_linter_that_the_change_brings_counts_from_the_next_change_on(project: Project) -> None:
    """A project that was never linted is not judged by rules it did not have, unless it is new."""
    project.commit({"a.js": "x\n"})
    project.commit({"a.js": "y\n", "eslint.config.js": ""})
    assert "eslint" not in planned(project)
    project.commit({"a.js": None, "eslint.config.js": None, "notes.txt": ""})
    project.commit({"a.js": "y\n", "eslint.config.js": ""})
    assert "eslint" in planned(project)


def test_presets_can_be_chosen(project: Project) -> None:
    """Named presets run and no others."""
    project.commit({"a.py": "", "a.go": "", "x.txt": "x"})
    project.commit({"x.txt": "y"})
    assert planned(project, '{"presets": ["go"]}') - COMMON == {"gofmt", "complexity"}
    assert planned(project, '{"presets": []}') - COMMON == set()


def test_what_nobody_measures_is_said(project: Project) -> None:
    """Without a known test command or linter the change is not blocked for ever; the report says what is missing."""
    project.commit({"a.php": "<?php\n"})
    project.commit({"a.php": "<?php\n\n"})
    text = '{"gates": {"disabled": ["semgrep"]}}'
    report = project.report(settings=text)
    skipped = {each.gate: each.summary for each in report.gates if each.status is GateStatus.SKIPPED}
    assert set(skipped) == {"tests", "lint"}
    assert "no linter or compiler of php" in skipped["lint"]
    score = score_report(report, configuration.parse(text).gates)
    assert score.verdict is Verdict.PASS
    assert Component.TESTS not in score.components


@pytest.mark.parametrize(
    ("package", "program", "coverage"),
    [
        ({"scripts": {"test": "node --test"}}, "node", "lcov"),
        ({"scripts": {"test": "vitest"}, "devDependencies": {"jest": "1"}}, "vitest", None),
        ({"devDependencies": {"vitest": "1", "@vitest/coverage-v8": "1"}}, "vitest", "lcov"),
        ({"scripts": {"test": "NODE_OPTIONS=x jest"}}, "jest", "lcov"),
        ({"scripts": {"test": "mocha"}, "devDependencies": {"c8": "1"}}, "c8", "lcov"),
        ({"devDependencies": {"mocha": "1"}}, "mocha", None),
    ],
)
def test_the_test_runner_is_the_one_of_package_json(
    package: dict[str, Any], program: str, coverage: str | None
) -> None:
    """The script `test` decides, then what the project depends on."""
    command = chosen({"package.json": package})
    assert command is not None
    assert (command.command[0], command.coverage_format) == (program, coverage)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"scripts": 1, "devDependencies": []}', "[" * 100_000])
def test_a_strange_package_json_names_no_runner(text: str) -> None:
    """A damaged manifest is no crash."""
    assert chosen({"package.json": text, "a.js": ""}) is None


def test_the_base_decides_what_runs_its_tests() -> None:
    """A change can neither take the test script away nor have other tests run in its place."""
    base: dict[str, Any] = {"package.json": {"scripts": {"test": "node --test"}}}
    head: dict[str, Any] = {"package.json": {"scripts": {"test": "jest"}}, "test_x.py": ""}
    command = chosen(base, head)
    assert command is not None
    assert command.command[0] == "node"
    assert chosen({"test_x.py": ""}, base) is None


def test_words_of_a_plain_node_script_are_kept() -> None:
    """Options and files that the script names are used, shells are not."""
    package = {"scripts": {"test": "node --import tsx --test --test-reporter=spec spec/"}}
    command = chosen({"package.json": package})
    assert command is not None
    assert command.command[-3:] == ("--import", "tsx", "spec/")
    package = {"scripts": {"test": "node --test spec && rm -rf /"}}
    command = chosen({"package.json": package})
    assert command is not None
    assert "rm" not in command.command


def test_settings_of_every_tool_are_listed() -> None:
    """Each tool that is set up by a file has that file among those which come from the base."""
    wanted = {"eslint.config.*", ".prettierrc", "tsconfig.json", "phpstan.neon", "clippy.toml", "gradlew"}
    assert wanted <= SETTINGS
    assert not SETTINGS & {"package.json", "Cargo.toml", "pom.xml", "composer.json", "go.mod"}


def test_gate_names_of_presets_are_unique_to_a_tool() -> None:
    """Two presets that share a name share the tool."""
    tools: dict[str, Any] = {}
    for preset in PRESETS.values():
        for tool in preset.tools:
            assert tools.setdefault(tool.gate.name, tool) is tool


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ESLint, Prettier and TypeScript, installed once from the registry."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private": true}')
    flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0"]
    done = process.run(["npm", "install", *flags, *NPM_PACKAGES], cwd=folder, timeout=120)
    if not done.ok:
        pytest.skip(f"the npm registry is not reachable: {done.stderr.strip().splitlines()[-1:]}")
    return folder / "node_modules"


JS = {
    "package.json": '{"private": true}\n',
    "eslint.config.js": "module.exports = [{ rules: { 'no-undef': 2, eqeqeq: 1 } }];\n",
    ".prettierrc": "{}\n",
    "tsconfig.json": '{ "compilerOptions": { "strict": true }, "include": ["src"] }\n',
    "src/a.js": "exports.one = (x) => (x == 1 ? 1 : missing);\n",
    "src/t.ts": "export const one: number = 1;\n",
    "src/u.ts": 'import { one } from "./t";\n\nexport const two: number = one + 1;\n',
}


def test_javascript_and_typescript_by_their_own_tools(project: Project, node_modules: Path) -> None:
    """ESLint, Prettier and the compiler find what the change breaks, also in files it does not touch."""
    project.commit(JS)
    project.commit(
        {
            "src/a.js": f"{JS['src/a.js']}exports.two = (x) => x == gone\n",
            "src/t.ts": 'export const one: string = "1";\n',
            "eslint.config.js": "module.exports = [];\n",
        }
    )
    settings = json.dumps({"gates": {"setup": ["cp", "-r", str(node_modules), "."]}})
    found = {each.gate: each for each in project.report("eslint", "prettier", "tsc", settings=settings).gates}
    assert {name: each.status for name, each in found.items()} == dict.fromkeys(found, GateStatus.FAIL)
    new = {
        (name, each.rule, each.path) for name, gate in found.items() for each in gate.findings if each.is_new
    }
    assert new == {
        ("eslint", "no-undef", "src/a.js"),
        ("eslint", "eqeqeq", "src/a.js"),
        ("prettier", "prettier", "src/a.js"),
        ("tsc", "TS2322", "src/u.ts"),
    }
    assert found["tsc"].tools["tsc"].startswith("Version 5")


def test_javascript_without_its_tools_is_inconclusive_with_the_hint(project: Project) -> None:
    """A linter that is configured but not installed is no pass."""
    project.commit(JS)
    project.commit({"src/a.js": "exports.one = 2;\n"})
    result = project.judge("eslint")
    if shutil.which("eslint"):
        pytest.skip("eslint is installed on this machine")
    assert result.status is GateStatus.INCONCLUSIVE
    assert "npm ci" in result.reasons[0].message


NODE_TEST = """
const test = require("node:test");
const assert = require("node:assert");
const { add } = require("./add.js");
test("adds", () => assert.strictEqual(add(1, 2), 3));
test("fails", () => assert.strictEqual(add(1, 2), 4));
test("later", { skip: true }, () => {});
"""


def run(command: TestsCommand | None, folder: Path) -> dict[str, str]:
    """Run a tests command as it is; each test with its outcome."""
    assert command is not None
    if shutil.which(command.command[0]) is None:
        pytest.skip(f"{command.command[0]} is not installed")
    done = process.run(command.command, cwd=folder, timeout=120)
    (folder / "stdout").write_text(done.stdout)
    with (folder / (command.report or "stdout")).open("rb") as stream:
        return {each.name: each.outcome for each in read_tests(stream, command.report_format)}


def test_node_runs_tests_with_its_own_reporters(tmp_path: Path) -> None:
    """Node's runner leaves results and line coverage without any package."""
    (tmp_path / "add.js").write_text(
        "exports.add = (a, b) => {\n  if (a > 9) {\n    return 0;\n  }\n  return a + b;\n};\n"
    )
    (tmp_path / "add.test.js").write_text(NODE_TEST)
    command = chosen({"package.json": {"scripts": {"test": "node --test"}}})
    assert run(command, tmp_path) == {"adds": "passed", "fails": "failed", "later": "skipped"}
    assert command is not None
    with (tmp_path / str(command.coverage)).open("rb") as stream:
        covered = read_coverage(stream, str(command.coverage_format), root=str(tmp_path)).files["add.js"]
    assert 3 in covered.missing
    assert 5 in covered.executed


RUST = {
    "Cargo.toml": '[package]\nname = "demo"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n",
    "tests/it.rs": "#[test]\nfn adds() {\n    assert_eq!(demo::add(1, 2), 3);\n}\n",
}


def test_rust_by_its_own_tools(project: Project) -> None:
    """rustfmt finds what is not formatted, clippy what does not compile."""
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed")
    project.commit(RUST)
    project.commit({"src/lib.rs": 'pub fn add(a: i32, b: i32) -> i32 { a + "b" }\n'})
    found = {each.gate: each for each in project.report("rustfmt", "clippy").gates}
    assert {name: each.status for name, each in found.items()} == dict.fromkeys(found, GateStatus.FAIL)
    assert [each.path for each in found["rustfmt"].findings] == ["src/lib.rs"]
    assert {each.rule for each in found["clippy"].findings} == {"E0277"}


def test_cargo_runs_the_tests_of_every_binary(tmp_path: Path) -> None:
    """Unit tests, integration tests and documentation tests are told one by one."""
    unit = '\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        panic!("no");\n    }\n}\n'
    doc = "/// Adds.\n///\n/// ```\n/// assert_eq!(demo::add(1, 2), 3);\n/// ```\n"
    for name, text in (RUST | {"src/lib.rs": f"{doc}{RUST['src/lib.rs']}{unit}"}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = run(chosen(RUST), tmp_path)
    assert found == {"tests::adds": "failed", "adds": "passed", "add": "passed"}


JAVA = {
    "pom.xml": "<project/>\n",
    "src/A.java": "class A {\n    int one() { return 1; }\n}\n",
}


def test_java_by_the_compiler(project: Project) -> None:
    """An own gate with javac finds what does not compile."""
    if shutil.which("javac") is None:
        pytest.skip("javac is not installed")
    project.commit(JAVA)
    project.commit({"src/A.java": 'class A {\n    int one() { return "1"; }\n}\n'})
    gate = {"name": "javac", "command": "javac -d out {files}", "format": "gnu", "files": ["*.java"]}
    result = project.judge("javac", json.dumps({"gates": {"commands": [gate]}}))
    assert [(each.path, each.region.line) for each in result.findings] == [("src/A.java", 2)]
    assert result.status is GateStatus.FAIL


def test_go_by_its_own_tools(project: Project) -> None:
    """gofmt finds what is not formatted, go vet what can't be right."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    project.commit({"go.mod": "module demo\n\ngo 1.19\n", "a.go": "package demo\n"})
    project.commit({"a.go": 'package demo\n\nimport "fmt"\n\nfunc A() { fmt.Printf("%d\\n", "x")\n}\n'})
    found = {each.gate: each for each in project.report("gofmt", "go-vet").gates}
    assert {name: each.status for name, each in found.items()} == dict.fromkeys(found, GateStatus.FAIL)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("running 2 tests\ntest a ... ok\n", "ends in the middle"),
        ("running 2 tests\ntest a ... ok\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; x\n", "counts"),
        ("running 1 test\ntest a ... ok\ntest b ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; x\n", "counts"),
        ("running 1 test\ntest a ... FAILED\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; x\n", "counts"),
        ("", "no test binary"),
        ("error: could not compile\n", "no test binary"),
    ],
)  # fmt: skip
def test_an_incomplete_run_of_cargo_is_refused(tmp_path: Path, damage: str, said: str) -> None:
    """A run that was stopped, did not compile or printed tests of its own is no result."""

    (tmp_path / "out").write_text(damage)
    with (tmp_path / "out").open("rb") as stream, pytest.raises(ArtifactError) as caught:
        list(read_tests(stream, "libtest"))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("path", "base", "dropped"),
    [
        ("eslint.config.js", {".eslintrc.json", "a.js"}, True),
        ("src/.eslintrc", {"eslint.config.js", "src/a.js"}, True),
        ("new/tsconfig.json", {"tsconfig.json", "src/a.ts"}, False),
        ("eslint.config.js", {"a.js"}, False),
        ("rustfmt.toml", {"src/lib.rs"}, True),
        ("rustfmt.toml", {"a.py"}, False),
        (".prettierignore", {".prettierrc", "a.css"}, True),
    ],
)
def test_new_settings_do_not_take_over_from_the_base(path: str, base: set[str], dropped: bool) -> None:
    """A settings file that only the change has is left out where it could loosen what is judged by."""
    assert takes_over(path, base) == dropped
