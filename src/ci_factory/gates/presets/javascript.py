"""JavaScript and TypeScript: ESLint, Prettier, the TypeScript compiler; Vitest, Jest, Mocha or Node's own runner."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ci_factory.gates.presets.model import Files, Preset, PresetTool, SideName, TestsCommand, named
from ci_factory.model.commands import CommandConfig

_TYPESCRIPT = (".ts", ".tsx", ".mts", ".cts")
_JAVASCRIPT = (".js", ".jsx", ".mjs", ".cjs")
_SOURCES = tuple(f"*{suffix}" for suffix in (*_JAVASCRIPT, *_TYPESCRIPT, ".vue", ".svelte"))
_PRETTY = (*_SOURCES, "*.css", "*.scss", "*.less", "*.json", "*.html", "*.md", "*.yml", "*.yaml")
_ESLINT = ("eslint.config.*", ".eslintrc", ".eslintrc.*")
_PRETTIER = (".prettierrc", ".prettierrc.*", "prettier.config.*")
_JUNIT = "ci-factory-junit.xml"
_LCOV = "ci-factory-lcov.info"
_COVERAGE = "ci-factory-coverage"
_SHELL = frozenset("&|;<>$`()\\\n")


def _package(files: Files, side: SideName) -> Mapping[str, Any]:
    try:
        found = json.loads(files.read(side, "package.json") or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _needs(package: Mapping[str, Any]) -> set[str]:
    groups = (package.get(key) for key in ("dependencies", "devDependencies"))
    return {str(name) for group in groups if isinstance(group, dict) for name in group}


def _eslint_applies(files: Files, side: SideName) -> bool:
    return named(files.of(side), *_ESLINT) or "eslintConfig" in _package(files, side)


def _prettier_applies(files: Files, side: SideName) -> bool:
    return named(files.of(side), *_PRETTIER) or "prettier" in _package(files, side)


def _tsc_applies(files: Files, side: SideName) -> bool:
    return "tsconfig.json" in files.of(side)


def tests(files: Files, side: SideName) -> TestsCommand | None:
    """The runner that package.json names in its script `test`, else one that it depends on."""
    package = _package(files, side)
    scripts = package.get("scripts")
    script = str(scripts.get("test", "")) if isinstance(scripts, dict) else ""
    needs = _needs(package)
    found = [name for name in _RUNNERS if name in script] or [name for name in _RUNNERS if name in needs]
    if found:
        return _RUNNERS[found[0]](needs)
    return _node(script) if "--test" in script.split() else None


def _vitest(needs: set[str]) -> TestsCommand:
    covers = bool({"@vitest/coverage-v8", "@vitest/coverage-istanbul"} & needs)
    flags = ("--coverage.enabled", "--coverage.reporter=lcov", f"--coverage.reportsDirectory={_COVERAGE}")
    return TestsCommand(
        ("vitest", "run", "--reporter=junit", f"--outputFile={_JUNIT}", *(flags if covers else ())),
        report=_JUNIT,
        report_format="junit",
        coverage=f"{_COVERAGE}/lcov.info" if covers else None,
        coverage_format="lcov" if covers else None,
        install="npm install --save-dev vitest @vitest/coverage-v8, and gates.setup: npm ci",
    )


def _jest(_needs: set[str]) -> TestsCommand:
    cover = ("--coverage", "--coverageReporters=lcovonly", f"--coverageDirectory={_COVERAGE}")
    return TestsCommand(
        ("jest", "--ci", "--reporters=jest-junit", *cover),
        report=_JUNIT,
        report_format="junit",
        coverage=f"{_COVERAGE}/lcov.info",
        coverage_format="lcov",
        install="npm install --save-dev jest jest-junit, and gates.setup: npm ci",
        environment=(("JEST_JUNIT_OUTPUT_FILE", _JUNIT), ("JEST_JUNIT_ADD_FILE_ATTRIBUTE", "true")),
    )


def _mocha(needs: set[str]) -> TestsCommand:
    covers = "c8" in needs
    cover = ("c8", "--reporter=lcovonly", f"--reports-dir={_COVERAGE}") if covers else ()
    return TestsCommand(
        (*cover, "mocha", "--reporter=xunit", f"--reporter-option=output={_JUNIT}"),
        report=_JUNIT,
        report_format="junit",
        coverage=f"{_COVERAGE}/lcov.info" if covers else None,
        coverage_format="lcov" if covers else None,
        install="npm install --save-dev mocha c8, and gates.setup: npm ci",
    )


def _node(script: str) -> TestsCommand:
    """Node's own runner (20 or later) with its own reporters, and what else the script gives it."""
    return TestsCommand(
        (
            *("node", "--test", "--test-reporter=junit", f"--test-reporter-destination={_JUNIT}"),
            *("--experimental-test-coverage", "--test-reporter=lcov"),
            *(f"--test-reporter-destination={_LCOV}", *_more(script)),
        ),
        report=_JUNIT,
        report_format="junit",
        coverage=_LCOV,
        coverage_format="lcov",
        install="install Node.js 20 or later",
    )


def _more(script: str) -> Iterator[str]:
    """Words of a plain `node --test …` besides reporters; nothing of a script that needs a shell."""
    try:
        words = shlex.split(script)
    except ValueError:
        return
    if words[:1] == ["node"] and not _SHELL & set(script):
        ours = ("--test-reporter", "--experimental-test-coverage", "--watch")
        yield from (word for word in words[1:] if word != "--test" and not word.startswith(ours))


_RUNNERS = {"vitest": _vitest, "jest": _jest, "mocha": _mocha}

_NPM = "add it to devDependencies, and gates.setup: npm ci"
_TOOLS = (
    PresetTool(
        CommandConfig(
            name="eslint",
            command=("eslint", "--format=json", "--no-error-on-unmatched-pattern", "{files}"),
            format="eslint",
            files=_SOURCES,
            install=_NPM,
        ),
        applies=_eslint_applies,
        executes=True,
    ),
    PresetTool(
        CommandConfig(
            name="prettier",
            command=("prettier", "--list-different", "--ignore-unknown", "{files}"),
            format="paths",
            files=_PRETTY,
            install=_NPM,
        ),
        applies=_prettier_applies,
        executes=True,
    ),
)
_TSC = PresetTool(
    CommandConfig(
        name="tsc",
        command=("tsc", "--noEmit", "--pretty", "false", "--project", "tsconfig.json"),
        format="tsc",
        files=(*(f"*{suffix}" for suffix in _TYPESCRIPT), "package.json", "/tsconfig*.json"),
        expected=(0, 1, 2),
        install=_NPM,
    ),
    applies=_tsc_applies,
)
_SETTINGS = (
    (*_ESLINT, ".eslintignore"),
    (*_PRETTIER, ".prettierignore"),
    ("tsconfig.json", "tsconfig.*.json", "jsconfig.json"),
    ("vitest.config.*", "vitest.workspace.*"),
    ("jest.config.*",),
    (".mocharc.*",),
    (".c8rc", ".c8rc.json", ".nycrc", ".nycrc.*"),
    ("babel.config.*", ".babelrc", ".babelrc.*"),
    (".npmrc",),
)
_LOCKS = (
    *("package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
    *("pnpm-workspace.yaml", "bun.lock", "bun.lockb", ".npmrc", ".yarnrc", ".yarnrc.yml"),
)

JAVASCRIPT = Preset(
    name="javascript",
    suffixes=_JAVASCRIPT,
    manifests=("package.json",),
    tools=_TOOLS,
    tests=tests,
    settings=_SETTINGS,
    programs=("node_modules/.bin",),
    setup_paths=("node_modules",),
    locks=_LOCKS,
)
TYPESCRIPT = Preset(
    name="typescript",
    suffixes=_TYPESCRIPT,
    manifests=("tsconfig.json",),
    tools=(*_TOOLS, _TSC),
    tests=tests,
    settings=_SETTINGS,
    programs=("node_modules/.bin",),
    setup_paths=("node_modules",),
    locks=_LOCKS,
)
