"""The semgrep gate: which files and rules it takes, and what it does when semgrep did not see everything."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ci_factory.gates import staging
from ci_factory.model.gate import Finding, GateResult, GateStatus, Severity

Project = Any  # tests/gates/conftest.py
PRINTS = "rules: [{id: no-print, languages: [python], severity: ERROR, message: no, pattern: print(...)}]\n"


def fresh(result: GateResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.is_new]


def places(result: GateResult) -> set[tuple[str, int, str]]:
    return {(each.path, each.region.line, each.rule) for each in fresh(result) if each.region}


def test_every_way_to_name_a_program_is_scanned(project: Project) -> None:
    """Suffixes that semgrep does not know, capitals, and no suffix at all with a first line that names the program."""
    project.commit({"README.md": "x"})
    python, script = "import os\nos.system('ls ' + x)\n", "const x = 1\neval(y)\n"
    project.commit(
        {
            "a.pyw": python,
            "app.wsgi": python,
            "B.PY": python,
            "a.cts": script,
            "a.mts": script,
            "a.mjs": script,
            "bin/tool": f"#!/usr/bin/python3.11 -I\n{python}",
            "bin/run": f"#!/usr/bin/env node\n{script}",
            "a.wsgi.py": "A = 1\n",
            "app.wsgi.py": "A = 1\n",
        }
    )
    result = project.judge("semgrep")
    shell, code = "shell-command-from-variable", "js-eval-of-expression"
    assert places(result) == {
        ("a.pyw", 2, shell),
        ("app.wsgi", 2, shell),
        ("B.PY", 2, shell),
        ("bin/tool", 3, shell),
        ("a.cts", 2, code),
        ("a.mts", 2, code),
        ("a.mjs", 2, code),
        ("bin/run", 3, code),
    }


def test_a_change_without_code_starts_no_scan(project: Project) -> None:
    """Nothing has a language of a rule: the gate passes without the tool."""
    project.commit({"README.md": "x"})
    project.commit({"README.md": "eval(x)", "data.json": "{}"})
    result = project.judge("semgrep")
    assert (result.status, result.tools) == (GateStatus.PASS, {})


def test_ignore_files_hide_nothing(project: Project) -> None:
    """Not those of the base, not those of the change, not semgrep's own list of folders."""
    project.commit({".semgrepignore": "*.py\nnode_modules/\n", "a.py": "A = 1\n"})
    project.commit(
        {
            "a.py": "eval(x)\n",
            "pkg/.semgrepignore": "b.py\n",
            "pkg/b.py": "eval(x)\n",
            "node_modules/c/c.min.js": "eval(x)\n",
        }
    )
    result = project.judge("semgrep")
    assert {path for path, _, _ in places(result)} == {"a.py", "pkg/b.py", "node_modules/c/c.min.js"}


def test_new_text_that_can_not_be_parsed_is_inconclusive(project: Project) -> None:
    """The result names file and line; what was found besides does not make it a verdict."""
    project.commit({"README.md": "x"})
    broken = {
        "a.py": "eval(x)\ny = = 3\n",
        "b.js": "eval(x);\nconst y = ] 3;\n",
        "c.tsx": "export const A = () => <p>a</p>;\nlet y = x as ?? const of;\n",
    }
    project.commit(broken)
    result = project.judge("semgrep")
    assert result.status is GateStatus.INCONCLUSIVE
    assert all(f"{name}:2" in result.summary for name in broken), result.summary


def test_old_text_that_can_not_be_parsed_is_not_the_changes_fault(project: Project) -> None:
    """Far from what the change touches it is shown as old; near, nobody knows what the rules would see."""
    strange, rest = "const y = ] 3;\n", "".join(f"const a{number} = {number};\n" for number in range(40))
    project.commit({"a.js": f"{strange}{rest}"})
    project.commit({"a.js": f"{strange}{rest}const b = 1;\n"})
    far = project.judge("semgrep")
    assert far.status is GateStatus.PASS
    assert [(each.rule, each.is_new) for each in far.findings] == [("not-parsed", False)]
    project.commit({"a.js": f"{strange}const c = 1;\n{rest}const b = 1;\n"})
    assert project.judge("semgrep").status is GateStatus.INCONCLUSIVE


def test_a_file_beyond_the_bound_is_inconclusive(project: Project) -> None:
    """The limit is ours and said; a large file is not left out silently."""
    project.commit({"README.md": "x"})
    project.commit({"dist/app.min.js": "a=1;" * (staging.MAX_BYTES // 4 + 1)})
    result = project.judge("semgrep")
    assert result.status is GateStatus.INCONCLUSIVE
    assert "dist/app.min.js" in result.summary
    assert "minified" in result.summary


def test_own_rules_look_at_other_languages(project: Project) -> None:
    """A rule for any text is given every changed file, and its severity is semgrep's word."""
    rule = "rules: [{id: no-latest, languages: [generic], severity: WARNING, message: no, pattern: 'FROM $X:latest'}]\n"
    project.commit({"rules/docker.yml": rule})
    project.commit({"Dockerfile": "FROM debian:latest\n"})
    result = project.judge("semgrep", "gates: {semgrep_rules: [rules]}")
    assert [(each.rule, each.severity) for each in fresh(result)] == [("no-latest", Severity.MEDIUM)]
    assert result.status is GateStatus.PASS


def test_a_severity_that_nobody_knows_blocks(project: Project) -> None:
    """A rule of one's own that says `ci_factory_severity` wrongly is critical, not nothing."""
    rule = PRINTS.replace("message:", "metadata: {ci_factory_severity: severe}, message:")
    project.commit({"rules.yml": rule})
    project.commit({"a.py": "print(1)\n"})
    result = project.judge("semgrep", "gates: {semgrep_rules: [rules.yml]}")
    assert [each.severity for each in fresh(result)] == [Severity.CRITICAL]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [\n", "not YAML"),
        ("- a\n", "no list called rules"),
        (PRINTS.replace("print(...)", "'print((('"), "no-print"),
        (PRINTS.replace("message: no, ", ""), "message"),
        (PRINTS.replace("[python]", "[klingon]"), "klingon"),
    ],
)
def test_wrong_rules_are_named(project: Project, text: str, said: str) -> None:
    """Rules that semgrep refuses make the gate inconclusive, and the file is named, not only that there is one."""
    project.commit({"good.yml": PRINTS.replace("no-print", "good"), "rules/wrong.yml": text})
    project.commit({"a.py": "print(1)\n"})
    result = project.judge("semgrep", "gates: {semgrep_rules: [good.yml, rules/wrong.yml]}")
    assert result.status is GateStatus.INCONCLUSIVE
    assert "rules/wrong.yml" in result.summary
    assert said in result.summary


@pytest.mark.parametrize(
    "name", ["missing.yml", "../outside.yml", "/etc/passwd", "https://example.com/rules.yml"]
)
def test_rules_from_elsewhere_are_refused(project: Project, name: str) -> None:
    """Only files of the base and packs of the registry are rules."""
    project.commit({"a.py": "A = 1\n"})
    project.commit({"a.py": "A = 2\n"})
    result = project.judge("semgrep", f"gates: {{semgrep_rules: ['{name}']}}")
    assert result.status is GateStatus.INCONCLUSIVE
    assert name in result.summary


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A registry on this machine with one pack; the addresses that it was asked for."""
    asked: list[str] = []

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/c/p/prints" else 404)
            self.end_headers()
            if self.path == "/c/p/prints":
                self.wfile.write(PRINTS.encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("SEMGREP_URL", f"http://127.0.0.1:{server.server_port}")
        yield asked
        server.shutdown()
        thread.join()


def test_packs_of_the_registry_are_used(project: Project, registry: list[str]) -> None:
    """A pack's rules count beside ours, and what was measured without it is not taken for a measurement with it."""
    project.commit({"README.md": "x"})
    project.commit({"a.py": "print(1)\n"})
    without = project.judge("semgrep", cached=True)
    assert (without.status, registry) == (GateStatus.PASS, [])
    result = project.judge("semgrep", "gates: {semgrep_rules: [p/prints]}", cached=True)
    assert registry == ["/c/p/prints"]
    assert [each.rule for each in fresh(result)] == ["no-print"]


def test_a_registry_that_does_not_answer_is_inconclusive(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its pack the gate is not a pass; the reason names the pack and the way out."""
    monkeypatch.setenv("SEMGREP_URL", "http://127.0.0.1:9")
    project.commit({"a.py": "A = 1\n"})
    project.commit({"a.py": "A = 2\n"})
    result = project.judge("semgrep", "gates: {semgrep_rules: [p/python]}")
    assert result.status is GateStatus.INCONCLUSIVE
    assert "p/python" in result.summary
    assert any("SEMGREP_URL" in reason.message for reason in result.reasons)


def test_a_new_finding_in_a_bundle_says_that_it_is_one(project: Project) -> None:
    """Generated and vendored files are judged like others, with a remark."""
    project.commit({"README.md": "x"})
    project.commit({"api_pb2.py": "# Generated by the protocol buffer compiler.  DO NOT EDIT!\neval(x)\n"})
    result = project.judge("semgrep")
    assert result.status is GateStatus.BLOCKED
    assert [(reason.path, reason.points) for reason in result.reasons if "generated" in reason.message] == [
        ("api_pb2.py", 0)
    ]
