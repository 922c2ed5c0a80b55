"""Changes that reach for their own judges: pipelines, settings, comments, files nobody scans, lines that move."""

from collections.abc import Callable

import pytest

from tests.attacks.judged import Files, Place, sampled
from tests.attacks.stage import NewStage
from tests.attacks.table import variants
from tests.publishing.conftest import FILE, Entry

Seen = Callable[[str], None]
BLOCKED = "exit status 1, verdict `blocked`; the reason names the file"
CODE = (
    '"""A shop."""\n\n\ndef price(count: int) -> int:\n    """What so many cost."""\n    return count * 3\n'
)
HONEST = CODE.replace("count * 3", "count * 4")
PIPELINE: dict[str, str] = {
    ".gitlab-ci.yml": "spec: {inputs: {level: {default: '1'}}}\n---\n"
    "include:\n  - local: ci/build.yml\n  - 'jobs/**.yml'\n  - local: 'env/$CI_ENVIRONMENT_TIER/more.yml'\n"
    "  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/own@$CI_COMMIT_SHA\n"
    "child:\n  trigger: {include: [{local: ci/child.yml}], strategy: depend}\n",
    "ci/build.yml": "include: ci/inner.yml\n",
    "ci/inner.yml": "build: {script: [make]}\n",
    "ci/child.yml": "build: {script: [make]}\n",
    "templates/own/template.yml": "own: {script: [make]}\n",
    "CODEOWNERS": "* @owner\n",
}
TAKEN_OVER = "build: {script: ['true']}\n"


@pytest.mark.attack(row=21, defence="protected: a person decides")
@variants(
    "files",
    {
        "the pipeline": {".gitlab-ci.yml": TAKEN_OVER},
        "a file that it includes": {"ci/build.yml": TAKEN_OVER},
        "a file that an included one includes": {"ci/inner.yml": TAKEN_OVER},
        "a child pipeline": {"ci/child.yml": TAKEN_OVER},
        "a new file that a wildcard includes": {"jobs/deep/new.yml": TAKEN_OVER},
        "a file whose name has a variable": {"env/production/more.yml": TAKEN_OVER},
        "the project's own component": {"templates/own/template.yml": TAKEN_OVER},
        "an included file that is deleted": {"ci/inner.yml": None},
        "an included file that is renamed": {"ci/inner.yml": None, "ci/other.yml": PIPELINE["ci/inner.yml"]},
        "owners": {"CODEOWNERS": "* @mallory\n"},
        "owners in a place that counts more": {".gitlab/CODEOWNERS": "* @mallory\n"},
        "the factory's settings": {".ci-factory.yml": "gates: {threshold: 0, disabled: [policy, tests]}\n"},
        "the factory's settings deleted": {".ci-factory.yml": None},
        "pipelines of another forge": {".github/workflows/x.yml": TAKEN_OVER},
    },
)
def test_what_judges_is_for_a_person(project: Place, files: Files, seen: Seen) -> None:
    """A change of what decides how changes are judged is blocked, however deep the file is included."""
    found = project.gate({**PIPELINE, "shop.py": CODE}, {"shop.py": HONEST, **files}, "policy", "tampering")
    assert (found.code, found.verdict) == (1, "blocked")
    assert any(row.startswith(f"{path}:") for path in files for row in found.reasons("policy"))
    seen(BLOCKED)


def test_a_change_beside_the_pipeline_passes(project: Place) -> None:
    """Without the attack, the same change passes; so do files that only lie near those of the pipeline."""
    beside = {"shop.py": HONEST, "ci/readme.txt": "x\n", "env/notes.txt": "x\n", "other.yml": "a: 1\n"}
    found = project.gate({**PIPELINE, "shop.py": CODE}, beside, "policy", "tampering", "syntax")
    assert (found.code, found.reasons("policy")) == (0, [])


@pytest.mark.attack(row=21, defence="the merge request stays a draft")
@variants(
    "path",
    {
        "published: a file that an included one includes": b"ci/inner.yml",
        "published: a child pipeline": b"ci/child.yml",
        "published: the factory's settings": b".ci-factory.yml",
        "published: owners": b"CODEOWNERS",
    },
)
def test_what_judges_is_published_as_a_draft_only(
    new_stage: NewStage, forge_kind: str, path: bytes, seen: Seen
) -> None:
    """Whatever its gates said, the merge request is no more than a draft, and says why."""
    before: dict[bytes, Entry] = {name.encode(): (FILE, text.encode()) for name, text in PIPELINE.items()}
    stage = new_stage(forge_kind, before)
    plain, offer = stage.offer(), stage.offer({path: (FILE, TAKEN_OVER.encode())})
    for each in (plain, offer):
        assert stage.publish(each).outcome == "merge-request"
    assert [each.draft for found in (plain, offer) for each in stage.merge_requests(found)] == [False, True]
    assert any(path.decode() in note.body for note in stage.notes(offer))
    seen("a draft whose note names the file, where the same change without it is ready")


RUFF = '[tool.ruff.lint]\nselect = ["F", "S307"]\n'
UNUSED = f"import os\n{CODE}"


@pytest.mark.attack(row=22, defence="the base's settings are used")
@sampled(
    "files",
    {
        "fewer rules": {"pyproject.toml": "[tool.ruff.lint]\nselect = []\n"},
        "a file left out": {"pyproject.toml": f'[tool.ruff]\nexclude = ["shop.py"]\n{RUFF}'},
        "settings of its own": {"ruff.toml": "lint.select = []\n"},
        "hidden settings of its own": {".ruff.toml": "lint.select = []\n"},
        "settings deleted": {"pyproject.toml": None, "tox.ini": "[flake8]\nignore = F\n"},
    },
    quick=2,
)
def test_a_linter_obeys_the_base(project: Place, files: Files, seen: Seen) -> None:
    """Loosened rules do not hold for the change that loosens them, and a person sees that they were."""
    found = project.gate(
        {"pyproject.toml": RUFF, "shop.py": CODE}, {"shop.py": UNUSED, **files}, "policy", "ruff"
    )
    assert (found.code, found.verdict) == (1, "blocked")
    assert found.new("ruff") == [("F401", "shop.py", 1)]
    assert any(row.startswith(f"{next(iter(files))}:") for row in found.reasons("policy"))
    seen(
        "the linter found what the base's rules forbid; verdict `blocked`, and the reason names the settings"
    )


@pytest.mark.attack(row=22, defence="tools are given the files by name")
@sampled(
    "files",
    {
        "files that tools leave out, by git's list": {".gitignore": "*.py\n"},
        "files that tools leave out, by their own list": {".ignore": "*.py\n", ".rgignore": "*.py\n"},
    },
    quick=1,
)
def test_a_linter_looks_at_every_changed_file(project: Place, files: Files, seen: Seen) -> None:
    """No list of files to ignore hides a changed file."""
    found = project.gate(
        {"pyproject.toml": RUFF, "shop.py": CODE}, {"shop.py": UNUSED, **files}, "policy", "ruff"
    )
    assert (found.code, found.new("ruff")) == (1, [("F401", "shop.py", 1)])
    seen("exit status 1: the linter found what is wrong in the file")


@pytest.mark.attack(row=22, defence="shown, a person decides")
@sampled(
    "files",
    {
        "tests deselected": {"pytest.ini": "[pytest]\naddopts = --deselect tests\n"},
        "tests deselected deeper": {"tests/pytest.ini": "[pytest]\naddopts = -k nothing\n"},
        "tests deselected in a shared file": {"setup.cfg": "[tool:pytest]\naddopts = -k nothing\n"},
        "tests deselected in another shared file": {"tox.ini": "[pytest]\naddopts = -k nothing\n"},
        "lines left out of coverage": {".coveragerc": "[report]\nexclude_lines = .*\n"},
        "types not checked": {"lib/mypy.ini": "[mypy]\nignore_errors = True\n"},
        "files left out of scanning": {".semgrepignore": "*\n"},
        "secrets declared known": {".secrets.baseline": '{"version": "1.5.0", "results": {}}\n'},
        "settings of a folder": {
            "tests/pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-k nothing'\n"
        },
        "another language's linter": {".eslintignore": "*\n"},
    },
    quick=3,
)
def test_new_settings_of_judges_are_for_a_person(project: Place, files: Files, seen: Seen) -> None:
    """Settings where the base had none are seen in every place where a tool looks for them."""
    found = project.gate({"shop.py": CODE}, {"shop.py": HONEST, **files}, "policy")
    assert (found.code, found.verdict) == (1, "blocked")
    assert any(row.startswith(f"{next(iter(files))}:") for row in found.reasons("policy"))
    seen(BLOCKED)


SILENCERS: dict[str, Files] = {
    "noqa": {"shop.py": f"{CODE}\n\nimport os  # noqa\n"},
    "noqa without spaces, in another case": {"shop.py": f"{CODE}\n\nimport os  #NoQA:F401\n"},
    "noqa of a whole file": {"shop.py": f"{CODE}\n\n# ruff: noqa\nimport os\n"},
    "noqa far to the right": {"shop.py": f"{CODE}\n\nimport os{' ' * 20_000}# noqa\n"},
    "noqa behind a carriage return": {"shop.py": f"{CODE}\n\nimport os  # fine\r# noqa\n"},
    "noqa with a space that cannot be broken": {"shop.py": f"{CODE}\n\nimport os  #\u00a0noqa\n"},
    "noqa in a notebook": {
        "x.ipynb": '{"cells": [{"cell_type": "code", "source": ["import os  # noqa\\n"]}]}\n'
    },
    "noqa in a script without an ending": {"run": "#!/usr/bin/env python3\nimport os  # noqa\n"},
    "nosemgrep": {"shop.py": f"{CODE}\n\nX = eval('1')  # nosemgrep: x\n"},
    "nosec": {"shop.py": f"{CODE}\n\nX = eval('1')  #nosec B307\n"},
    "type: ignore": {"shop.py": f"{CODE}\n\nX: int = 'a'  #type:ignore[x]\n"},
    "type checks off by a decorator": {
        "shop.py": f"from typing import no_type_check as wise\n\n\n@wise\n{CODE[CODE.index('def') :]}"
    },
    "type checks off in a file": {"shop.py": f"# mypy: allow-untyped-defs, ignore-errors\n{CODE}"},
    "another type checker off": {"shop.py": f"# pyright: reportReturnType=false\n{CODE}"},
    "no cover": {"shop.py": f"{CODE}\n\ndef f():  # pragma: no cover\n    return 1\n"},
    "no cover, spelled as only coverage reads it": {
        "shop.py": f"{CODE}\n\ndef f():  # PRAGMA NO  COVER\n    return 1\n"
    },
    "an allowed secret": {"shop.py": f"{CODE}\n\n# pragma: allowlist nextline secret\nKEY = 'x'\n"},
    "a shell checker off": {"run.sh": "# shellcheck disable=all\nrm -rf $1/\n"},
    "a container checker off": {"Dockerfile": "# hadolint ignore=DL3006\nFROM x\n"},
    "eslint and TypeScript off": {"a.ts": "/* eslint-disable */\n// @ts-nocheck\nconst a = 1\n"},
    "an allowed lint": {"a.rs": "#![allow(unused)]\nfn main() {}\n"},
    "moved in, with its line left where it was": {
        "old.py": "import os  # noqa\n",
        "shop.py": f"import os  # noqa\n{CODE}",
    },
}


@pytest.mark.attack(row=23, defence="counted and shown, a person decides")
@sampled("files", SILENCERS, quick=7)
def test_new_silencing_comments_are_for_a_person(project: Place, files: Files, seen: Seen) -> None:
    """Whatever tells a tool to look away is counted and named with its line, where the base does not have it."""
    before = {"shop.py": CODE, "old.py": "import os  # noqa\n"}
    found = project.gate(before, files, "policy")
    assert (found.code, found.verdict) == (1, "blocked")
    assert any("new suppression" in row for row in found.reasons("policy"))
    assert found.gate("policy")["figures"]["suppressions"] >= 1
    seen("exit status 1, verdict `blocked`; the reason names file, line and words")


@pytest.mark.attack(row=23, defence="rescanned without")
@sampled(
    "files",
    {name: files for name, files in SILENCERS.items() if name.startswith("noqa") and "shop.py" in files},
    quick=1,
)
def test_silenced_findings_are_found(project: Place, files: Files, seen: Seen) -> None:
    """The linter is asked again without such comments, and what they hide is in the report."""
    found = project.gate({"pyproject.toml": RUFF, "shop.py": CODE}, files, "policy", "ruff")
    assert (found.code, found.verdict) == (1, "blocked")
    assert [each["rule"] for each in found.gate("ruff")["findings"]] == ["F401"]
    seen("exit status 1, verdict `blocked`; the report lists the finding")


CLEAN = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scan"}}, "results": []}]}'
FAILED = CLEAN.replace('"results": []', '"results": [], "invocations": [{"executionSuccessful": false}]')
SKIPPED = CLEAN.replace(
    '"results": []',
    '"results": [], "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": '
    '[{"level": "error", "message": {"text": "Timeout when scanning shop.py"}}]}]',
)


@pytest.mark.attack(row=24, defence="inconclusive")
@sampled(
    "script",
    {
        "a scanner that is killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        "a scanner that hangs": f"import time\nprint({CLEAN!r}, flush=True)\ntime.sleep(60)\n",
        "a scanner that says nothing and ends well": "",
        "a scanner whose report is cut off": f"print({CLEAN!r}[:-20])\n",
        "a scanner that reports twice": f"print({CLEAN!r})\nprint({CLEAN!r})\n",
        "a scanner that says that it failed": f"print({FAILED!r})\n",
        "a scanner that left a file out": f"print({SKIPPED!r})\n",
        "a scanner with a report in another form": "print('{\"results\": []}')\n",
        "a scanner that crashes after its report": f"print({CLEAN!r})\nraise SystemExit(70)\n",
    },
    quick=3,
)
def test_a_scanner_that_did_not_look_is_no_pass(project: Place, script: str, seen: Seen) -> None:
    """What a scanner did not look at was not judged."""
    settings = "tool_timeout_seconds: 2, commands: [{name: scan, command: [python3, scan.py], format: sarif, component: security}]"
    found = project.gate({"shop.py": CODE, "scan.py": script}, {"shop.py": HONEST}, "scan", settings=settings)
    assert (found.code, found.verdict) == (4, "inconclusive")
    assert found.score["score"] != 100
    seen("exit status 4, verdict `inconclusive`; no score of 100")


@pytest.mark.attack(row=24, defence="inconclusive or blocked, never a pass")
@sampled(
    "text",
    {
        "source that does not parse": "def f(:\n    eval(input())\n",
        "source with a zero byte": "X = 1\n\0\nY = eval('1')\n",
        "source nested too deep": f"X = {'(' * 500}1{')' * 500}\n",
        "source in an encoding that hides code": "# coding: utf-7\n# +AAo-import os\n",
        "source in an encoding that unescapes": "# -*- coding: raw_unicode_escape -*-\n# \\u000aimport os\n",
        "code behind a carriage return in a comment": "X = 1  # a remark\rimport os; os._exit(0)\n",
        "code that is shown in another order": "X = 'user\u202e \u2066# only for members\u2069 \u2066'\n",
        "source over the limit": "X = [\n"
        + "    'aaaaaaaaaaaaaaaaaaaaaaaa',\n" * 90_000
        + "]\nY = eval('1')\n",
        "a line break that only some readers see": "X = 1  # a remark\u2028import os\n",
    },
    quick=5,
)
def test_source_that_readers_misread_is_no_pass(project: Place, text: str, seen: Seen) -> None:
    """Code that a gate or a person can't read as Python does is not called clean."""
    found = project.gate({"shop.py": CODE}, {"shop.py": HONEST, "new.py": text}, "policy", "tampering")
    assert found.code in {1, 4}
    assert found.verdict in {"blocked", "inconclusive"}
    seen("exit status 1 or 4, verdict `blocked` or `inconclusive`")


OLD = "def old(text):\n    return eval(text)\n"
"""With a finding that is known."""


@pytest.mark.attack(row=26, defence="fingerprints tell old from new")
@sampled(
    ("files", "new"),
    {
        "a new finding among moved lines": (
            {"old.py": "A = 1\n" * 50 + OLD.replace("old", "fresh") + OLD},
            1,
        ),
        "the second of two equal findings": ({"old.py": OLD + "\n\n" + OLD.replace("old", "fresh")}, 1),
        "an equal one in another file": ({"other.py": OLD}, 1),
        "the file renamed, and a copy left": ({"old.py": None, "moved.py": OLD, "copy.py": OLD}, 1),
        "five equal ones": ({"old.py": OLD + "\n\n".join(OLD.replace("old", f"f{n}") for n in range(5))}, 5),
        "an equal one, indented otherwise": (
            {"old.py": OLD + "\n\nif True:\n    X = lambda text: eval(text)\n"},
            1,
        ),
    },
    quick=2,
)
def test_a_finding_does_not_hide_behind_a_known_one(
    project: Place, files: Files, new: int, seen: Seen
) -> None:
    """Of equal findings exactly as many are old as the base had."""
    found = project.gate({"pyproject.toml": RUFF, "old.py": OLD}, files, "ruff")
    assert found.code == 1
    assert len(found.new("ruff")) == new
    seen("exit status 1: exactly the added findings are new, the known one is listed as old")


def test_a_known_finding_that_moves_is_no_new_one(project: Place) -> None:
    """Without the attack, moving the known finding passes."""
    found = project.gate({"pyproject.toml": RUFF, "old.py": OLD}, {"old.py": "A = 1\n" * 50 + OLD}, "ruff")
    assert (found.code, found.new("ruff")) == (0, [])
