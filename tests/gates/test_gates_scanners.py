"""ruff, mypy, semgrep and detect-secrets on real changes: only what is new counts, and nothing can be hidden."""

from typing import Any

from ci_factory.model.gate import Finding, GateResult, GateStatus, Severity

Project = Any  # tests/gates/conftest.py
KEY = "AKIA" + "IOSFODNN7EXAMPL1"  # in two parts, so that scanners of this repository find none
OLD_STYLE = "import os\nimport re\n\n\ndef f():\n    return re\n"


def fresh(result: GateResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.is_new]


def test_ruff_counts_new_violations_only(project: Project) -> None:
    """An old violation that moved down, in a file that was renamed, stays old; its twin below it is new."""
    project.commit({"old.py": OLD_STYLE})
    project.commit({"old.py": None, "new.py": f"# moved\n\n{OLD_STYLE}"})
    assert project.judge("ruff").status is GateStatus.PASS
    project.commit({"new.py": f"# moved\n\n{OLD_STYLE}\n\ndef g():\n    import os\n"})
    result = project.judge("ruff")
    assert (result.status, result.score) == (GateStatus.FAIL, 0)
    assert [(each.rule, each.path, each.region.line) for each in fresh(result) if each.region] == [
        ("F401", "new.py", 12),
        ("F811", "new.py", 12),
    ]


def test_ruff_follows_the_rules_of_the_base(project: Project) -> None:
    """A change can't switch rules off, in old settings or in new ones beside its code."""
    project.commit({"pkg/a.py": "A = 1\n", "pyproject.toml": '[tool.ruff.lint]\nselect = ["F", "E711"]\n'})
    loose = '[tool.ruff.lint]\nselect = ["W"]\n'
    project.commit(
        {
            "pkg/a.py": "A = 1\nB = A == None\n",
            "pyproject.toml": loose,
            "pkg/pyproject.toml": loose,
            "ruff.toml": 'lint.select = ["W"]\n',
        }
    )
    report = project.report("ruff", "policy")
    policy, ruff = report.gates
    assert [each.rule for each in fresh(ruff)] == ["E711"]
    assert {each.path for each in policy.reasons} == {"pyproject.toml", "pkg/pyproject.toml", "ruff.toml"}


def test_a_new_type_error_fails(project: Project) -> None:
    """mypy runs without any configuration, across modules, and knows which error is old."""
    old = "def one() -> int:\n    return 'a'\n"
    project.commit({"src/lib/one.py": old, "src/lib/__init__.py": ""})
    new = "from lib.one import one\n\n\ndef two() -> str:\n    return one()\n"
    project.commit({"src/lib/one.py": f"# moved\n{old}", "src/lib/two.py": new})
    result = project.judge("mypy")
    assert result.status is GateStatus.FAIL
    assert [(each.rule, each.path) for each in fresh(result)] == [("return-value", "src/lib/two.py")]
    assert len(result.findings) == 2


def test_an_old_security_finding_does_not_block(project: Project) -> None:
    """What was there before is listed, not counted; a medium finding warns."""
    project.commit({"a.py": "def f(x):\n    return eval(x)\n"})
    project.commit(
        {
            "a.py": "import hashlib\n\n\ndef f(x):\n    return eval(x)\n\n\ndef g(x):\n    return hashlib.md5(x)\n"
        }
    )
    result = project.judge("semgrep")
    assert result.status is GateStatus.PASS
    assert [(each.rule, each.is_new, each.severity) for each in result.findings] == [
        ("weak-hash", True, Severity.MEDIUM),
        ("eval-of-expression", False, Severity.HIGH),
    ]


def test_a_file_that_semgrep_can_not_parse_is_inconclusive(project: Project) -> None:
    """What was not scanned to its end is not clean."""
    project.commit({"a.py": "A = 1\n"})
    project.commit({"a.py": "x = eval(y)\ndef g(:\n   class ] = = 3\n"})
    result = project.judge("semgrep")
    assert result.status is GateStatus.INCONCLUSIVE
    assert "a.py" in result.summary


def test_the_projects_own_rules_come_from_the_base(project: Project) -> None:
    """Rules of the configuration are used, and a change that empties them changes nothing."""
    rule = (
        "rules: [{id: no-print, languages: [python], severity: CUSTOM, message: no, pattern: print(...)}]\n"
    )
    rule = rule.replace("CUSTOM", "ERROR")
    project.commit({"a.py": "A = 1\n", "rules.yml": rule})
    project.commit({"a.py": "print(1)\n", "rules.yml": "rules: []\n"})
    result = project.judge("semgrep", "gates: {semgrep_rules: [rules.yml]}")
    assert [each.rule for each in fresh(result)] == ["no-print"]
    assert result.status is GateStatus.BLOCKED


def test_a_new_secret_blocks_and_is_not_repeated(project: Project) -> None:
    """Not in a fixture, not under an allowlist comment, not by file name; an old one does not count."""
    old = f'OLD = "{KEY[:-1]}0"\n'
    project.commit({"conf.py": old})
    project.commit(
        {
            "conf.py": f"# moved\n{old}",
            "tests/data.py": f'AWS = "{KEY}"  # pragma: allowlist secret\n',
            "deploy/.env": "A=1\n",
            ".env.example": "A=\n",
        }
    )
    report = project.report("secrets")
    result = report.gates[0]
    assert result.status is GateStatus.BLOCKED
    assert {(each.path, each.rule) for each in fresh(result)} == {
        ("tests/data.py", "aws-access-key"),
        ("deploy/.env", "secret-file"),
    }
    assert KEY not in report.model_dump_json()
