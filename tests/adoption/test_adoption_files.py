"""`ci-factory init`: the files that it writes and edits."""

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_factory import __version__
from ci_factory import config as configuration
from ci_factory.adoption.components import LEVELS, NAMES
from ci_factory.adoption.pipeline_file import SHARED_INPUTS
from ci_factory.cli import main

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "data" / "adoption"
SOURCE = ("--source", "platform/ci-factory", "--ref", "1.4.0")
CI, SETTINGS = ".gitlab-ci.yml", ".ci-factory.yml"
NewRepo = Callable[..., Path]


class _Loader(yaml.SafeLoader):
    """Takes tags of GitLab's own as lists."""


def _list(loader: _Loader, node: yaml.SequenceNode) -> list[Any]:
    return ["!reference", *loader.construct_sequence(node)]


_Loader.add_constructor("!reference", _list)


def read(path: Path) -> dict[str, Any]:
    """A CI file as data."""
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader
    return found


def init(repo: Path, *argv: str) -> int:
    return main.run(["init", "--repo", str(repo), *argv])


def in_levels(repo: Path) -> dict[int, bytes]:
    """The CI file after moving up to each level."""
    found = {}
    for level in LEVELS:
        assert init(repo, "--level", str(level), *(SOURCE if level == 1 else ())) == 0
        found[level] = (repo / CI).read_bytes()
    return found


def test_a_new_project_gets_files_as_they_are_kept_here(new_repo: NewRepo) -> None:
    """The files of each level of a project without any are those in tests/data/adoption/new, to the byte."""
    repo = new_repo({"a.py": "x = 1\n"})
    for level, written in in_levels(repo).items():
        assert written == (CASES / "new" / f"level-{level}.yml").read_bytes()
    assert (repo / SETTINGS).read_bytes() == (CASES / "new" / "settings-1.yml").read_bytes()
    other = new_repo({"a.py": "x = 1\n"}, name="other")
    assert init(other, "--level", "2", *SOURCE) == 0
    assert (other / SETTINGS).read_bytes() == (CASES / "new" / "settings-2.yml").read_bytes()


@pytest.mark.parametrize("case", ["shop", "django", "monorepo", "tiny"])
def test_existing_files_are_edited_as_kept_here(case: str, new_repo: NewRepo) -> None:
    """Comments, anchors, `!reference`, quotes, indentation and line ends stay: the golden files of three levels."""
    before = (CASES / case / "before.yml").read_bytes()
    repo = new_repo({"a.py": "x = 1\n"})
    (repo / CI).write_bytes(before)
    for level, written in in_levels(repo).items():
        assert written == (CASES / case / f"level-{level}.yml").read_bytes()


@pytest.mark.parametrize("case", ["new", "shop", "django", "monorepo", "tiny"])
@pytest.mark.parametrize("level", [1, 3])
def test_what_is_written_is_valid_for_gitlab(case: str, level: int) -> None:
    """Every golden file is valid under GitLab's CI schema."""
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    file = CASES / case / f"level-{level}.yml"
    done = subprocess.run(
        [*argv, "--data-transform", "gitlab-ci", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_documentation_shows_the_new_file() -> None:
    """docs/init.md has the new pipeline as it is written."""
    written = (CASES / "new" / "level-1.yml").read_text(encoding="utf-8")
    assert f"```yaml\n{written}```" in (ROOT / "docs" / "init.md").read_text(encoding="utf-8")


def test_a_new_file_starts_one_pipeline_for_a_branch_with_a_merge_request() -> None:
    """`workflow:rules`: merge requests yes, pushes to a branch that has an open one no, schedules on such a branch yes."""
    rules = read(CASES / "new" / "level-1.yml")["workflow"]["rules"]
    assert rules[0] == {"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}
    switch = '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS'
    assert rules[1] == {"if": switch, "when": "never"}
    assert rules[2] == {"if": "$CI_COMMIT_BRANCH"}


INCLUDES = {
    "none": "",
    "text": "include: '/ci/a.yml'  # theirs\n",
    "map": "include:\n  # whose\n  local: /ci/a.yml\n\n  rules:\n    - exists: [a]\n",
    "flow map": "include: {local: /ci/a.yml}\n",
    "list": "include:\n  - /ci/a.yml\n  - project: g/p\n    file: [x.yml]   # two\n  # last\n",
    "flush list": "include:\n- local: /ci/a.yml\n",
    "flow list": 'include: ["/ci/a.yml", {local: b.yml},]\n',
    "empty list": "include: []\n",
    "nothing": "include:  # later\n",
    "alias in it": ".x: &x {local: a.yml}\ninclude:\n  - *x\n",
}
STAGES = {
    "none": "",
    "has test": "stages: [build, test]\n",
    "fits": "stages:\n  - build\n  - quality  # lint\n  - deploy\n",
    "none fits": "stages:\n- build  # first\n- deploy\n",
    "none fits, flow": "stages: [build, release]  # two\n",
    "none fits, at the end": "stages:\n    - 'build'\n    # that is all\n",
}
JOB = "\n# a job\n.a: &a\n  tags: [x]\n\njob:\n  <<: *a\n  stage: {stage}\n  script:\n    - !reference [.b, script]\n    - |\n      # text\n"
HEADS = ("", "# head\n", "# head\n\n", "---\n", "\ufeff")
ROTATION = itertools.cycle(itertools.product(HEADS, ("\n", "\r\n")))
FORMS = [(*pair, *next(ROTATION)) for pair in itertools.product(INCLUDES, STAGES)]
"""Each include with each stages, with another beginning and line end each time."""


def test_nothing_is_lost_whatever_the_file_looks_like(new_repo: NewRepo) -> None:
    """In 60 forms of a file: everything that was there says the same, ours is added once, and again changes nothing."""
    repo = new_repo({"a.py": "x = 1\n", "ci/a.yml": "x: {script: [a]}\n"})
    for include, stages, head, newline in FORMS:
        stage = "build" if STAGES[stages] else "test"
        text = head + STAGES[stages] + INCLUDES[include] + JOB.format(stage=stage)
        (repo / CI).write_bytes(text.replace("\n", newline).encode())
        before = read(repo / CI)
        assert init(repo, "--level", "1", *SOURCE) == 0, text
        written, after = (repo / CI).read_bytes(), read(repo / CI)
        _compare(before, after, text)
        assert b"\r\r" not in written
        assert (b"\n" in written.replace(b"\r\n", b"")) == (newline == "\n")
        assert init(repo, "--level", "1") == 0
        assert (repo / CI).read_bytes() == written


def _compare(before: dict[str, Any], after: dict[str, Any], text: str) -> None:
    assert {key: value for key, value in after.items() if key not in {"include", "stages"}} == {
        key: value for key, value in before.items() if key not in {"include", "stages"}
    }, text
    old = before.get("include") or []
    old = old if isinstance(old, list) else [old]
    ours = after["include"][len(old) :]
    assert after["include"][: len(old)] == old, text
    assert [each["component"].rpartition("/")[2] for each in ours] == ["gates@1.4.0", "sweep@1.4.0"], text
    stage = {each.get("inputs", {}).get("stage", "test") for each in ours}.pop()
    assert stage in after.get("stages", ["build", "test", "deploy"]), text
    assert [each for each in after.get("stages", []) if each in before["stages"]] == before.get(
        "stages", []
    ), text


def test_every_line_that_was_there_is_there_in_its_order(new_repo: NewRepo) -> None:
    """Of files with a list of includes and a fitting stage not one byte is touched: lines are only added."""
    repo = new_repo({"a.py": "x = 1\n"})
    before = f"{STAGES['fits']}{INCLUDES['list']}{JOB.format(stage='build')}"
    (repo / CI).write_text(before, encoding="utf-8")
    assert init(repo, *SOURCE) == 0
    rest = iter((repo / CI).read_text(encoding="utf-8").splitlines())
    assert all(line in rest for line in before.splitlines())


REFUSED = {
    "job: [": "not valid YAML",
    "- a\n": "not a mapping",
    "{job: {script: [a]}}\n": "stands in braces",
    "a: 1\n---\nb: 2\n": "several documents",
    "include: a.yml\ninclude: b.yml\n": "has include twice",
    "include: !reference [.a, include]\n": "can't be edited safely",
    ".a: &a [x.yml]\ninclude: *a\n": "can't be edited safely",
    "include: &a\n  - x.yml\n": "can't be edited safely",
    "include: |\n  x.yml\n": "can't be edited safely",
    "stages: !reference [.a, stages]\n": "pass --stage",
    "stages:\n  - !reference [.a, stages]\n": "pass --stage",
    "spec:\n  inputs: {}\n": "a header and no pipeline",
    "job: {script: [\x07]}\n": "not valid YAML",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_can_not_be_edited_safely_is_refused(
    text: str, new_repo: NewRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    """One error that names the file and the way out, exit 2, and not one file is written."""
    repo = new_repo({"a.py": "x = 1\n"})
    (repo / CI).write_text(text, encoding="utf-8")
    assert init(repo, *SOURCE) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {CI}")
    assert REFUSED[text] in said
    assert "fix: " in said
    assert (repo / CI).read_text(encoding="utf-8") == text
    assert not (repo / SETTINGS).exists()


@pytest.mark.parametrize("name", [CI, SETTINGS])
def test_links_folders_and_other_encodings_are_refused(
    name: str, new_repo: NewRepo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A symbolic link is never followed, a folder or other bytes than UTF-8 are no file to edit; nothing is written."""
    elsewhere = tmp_path / "elsewhere.yml"
    elsewhere.write_text("job: {script: [a]}\n", encoding="utf-8")
    for number, words in enumerate(("symbolic link", "no file", "can't be read")):
        repo = new_repo({"a.py": "x = 1\n"}, name=f"repo-{number}")
        if number == 0:
            (repo / name).symlink_to(elsewhere)
        elif number == 1:
            (repo / name).mkdir()
        else:
            (repo / name).write_bytes(b"\xff\xfe")
        assert init(repo, *SOURCE) == 2
        assert words in capsys.readouterr().err
        assert not (repo / ({CI, SETTINGS} - {name}).pop()).exists()
    assert elsewhere.read_text(encoding="utf-8") == "job: {script: [a]}\n"


def test_settings_that_are_wrong_are_told_before_anything_is_written(
    new_repo: NewRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    """An existing .ci-factory.yml is never edited, and has to load."""
    repo = new_repo({SETTINGS: "treshold: 3\n"})
    assert init(repo, *SOURCE) == 2
    assert "treshold: unknown key" in capsys.readouterr().err
    assert not (repo / CI).exists()
    (repo / SETTINGS).write_text("gates: {threshold: 3}  # ours\n", encoding="utf-8")
    assert init(repo, *SOURCE) == 0
    assert (repo / SETTINGS).read_text(encoding="utf-8") == "gates: {threshold: 3}  # ours\n"


def test_commented_settings_are_the_defaults() -> None:
    """Without their signs, the comments of both settings files load and change nothing but the forge's kind."""
    for level in (1, 2):
        lines = (
            (CASES / "new" / f"settings-{level}.yml")
            .read_text(encoding="utf-8")
            .split("# agents:")[0]
            .splitlines()
        )
        bare = "\n".join(re.sub(r"^# (?=( {2})?[a-z_]+:)", "", line) for line in lines)
        assert len(yaml.safe_load(bare)) >= 4
        kind = "auto" if level == 1 else "gitlab"
        expected = configuration.parse(f"forge: {{kind: {kind}}}")
        assert configuration.parse(bare) == expected


def test_the_commented_agent_is_one_that_loads() -> None:
    """Level 2's example of an agent is an agent when its comment signs are taken away."""
    text = (CASES / "new" / "settings-2.yml").read_text(encoding="utf-8")
    example = text[text.index("# agents:") :].replace("\n# ", "\n").removeprefix("# ")
    assert [agent.adapter for agent in configuration.parse(example).agents] == ["command"]


# Levels, versions, ways to include


def test_inputs_kept_from_agents_to_batch_exist_in_both() -> None:
    """What a move to level 3 takes over are inputs of both components."""
    for name in ("agents", "batch"):
        header = yaml.safe_load(
            (ROOT / "templates" / f"{name}.yml").read_text(encoding="utf-8").split("\n---\n")[0]
        )
        assert set(header["spec"]["inputs"]) >= SHARED_INPUTS


@pytest.mark.parametrize("path", sorted((ROOT / "templates").glob("*.yml")), ids=lambda path: path.stem)
def test_every_component_is_known_and_has_a_stage(path: Path) -> None:
    """Init knows each template of the project by name, and each takes the input that init sets."""
    assert path.stem in NAMES
    header = yaml.safe_load(path.read_text(encoding="utf-8").split("\n---\n")[0])
    assert "stage" in header["spec"]["inputs"]


def test_moving_up_keeps_inputs_and_refuses_what_batch_lacks(
    new_repo: NewRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    """`agents` becomes `batch` where it stands, with its inputs; one that batch does not have is an error, not a loss."""
    repo = new_repo({"a.py": "x = 1\n"})
    entry = "include:\n  - component: $CI_SERVER_FQDN/platform/ci-factory/agents@1.0.0\n    inputs:\n      parallel: 7  # runners\n"
    (repo / CI).write_text(f"{entry}      tickets: ['1']\n", encoding="utf-8")
    assert init(repo, "--level", "3") == 2
    assert "sets tickets" in capsys.readouterr().err
    (repo / CI).write_text(entry, encoding="utf-8")
    assert init(repo, "--level", "3") == 0
    written = (repo / CI).read_text(encoding="utf-8")
    assert written.startswith(entry.replace("agents@", "batch@"))
    names = [each["component"].rpartition("/")[2] for each in yaml.safe_load(written)["include"]]
    assert names == ["batch@1.0.0", "gates@1.0.0", "sweep@1.0.0", "metrics@1.0.0"]


def test_a_lower_level_takes_nothing_away(new_repo: NewRepo) -> None:
    """Components of a higher level stay when a lower one is asked for, and no second agents are added."""
    repo = new_repo({"a.py": "x = 1\n"})
    assert init(repo, "--level", "3", *SOURCE) == 0
    written = (repo / CI).read_bytes()
    for level in ("1", "2"):
        assert init(repo, "--level", level) == 0
        assert (repo / CI).read_bytes() == written


@pytest.mark.parametrize(
    ("kind", "source", "first"),
    [
        ("component", "platform/ci-factory", {"component": "$CI_SERVER_FQDN/platform/ci-factory/gates@{ref}"}),
        ("component", "gl.example.com/p/ci-factory", {"component": "gl.example.com/p/ci-factory/gates@{ref}"}),
        ("project", "mirrors/ci-factory", {"project": "mirrors/ci-factory", "ref": "{ref}", "file": "/templates/gates.yml"}),
        ("remote", "https://gl.example.com/p/ci-factory", {"remote": "https://gl.example.com/p/ci-factory/-/raw/{ref}/templates/gates.yml"}),
        ("local", None, {"local": "/templates/gates.yml"}),
    ],
)  # fmt: skip
def test_each_way_to_include_is_written_recognised_and_updated(
    kind: str, source: str | None, first: dict[str, str], new_repo: NewRepo
) -> None:
    """Its entries, a second run that changes nothing, and a version that moves all of them at once."""
    repo = new_repo({f"templates/{name}.yml": "spec: {}\n---\n" for name in NAMES})
    argv = ("--source", source) if source else ()
    assert init(repo, "--from", kind, *argv) == 0
    written = (repo / CI).read_text(encoding="utf-8")
    assert yaml.safe_load(written)["include"][0] == {
        key: text.format(ref=__version__) for key, text in first.items()
    }
    assert init(repo) == 0
    assert (repo / CI).read_text(encoding="utf-8") == written
    assert init(repo, "--ref", "2.0.0") == 0
    updated = (repo / CI).read_text(encoding="utf-8")
    assert updated == (written if kind == "local" else written.replace(__version__, "2.0.0"))
    assert updated.count("2.0.0") == (0 if kind == "local" else 2)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ((), "--source"),
        (("--from", "remote", "--source", "platform/ci-factory"), "https://HOST/GROUP/ci-factory"),
        (("--source", "a b"), "--source"),
        (("--source", "platform/ci-factory", "--ref", "1 2"), "--ref"),
        (("--from", "local"), "there is no templates/gates.yml"),
        (("--source", "platform/ci-factory", "--cron", "1 2 * * *"), "add --schedule"),
        (("--source", "platform/ci-factory", "--stage", "a\nb"), "--stage"),
        (("--level", "4"), "--level"),
    ],
)
def test_a_wrong_command_line_writes_nothing(
    argv: tuple[str, ...], says: str, new_repo: NewRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, the option that is wrong, and no file."""
    repo = new_repo({"a.py": "x = 1\n"})
    assert init(repo, *argv) == 2
    assert says in capsys.readouterr().err
    assert not (repo / CI).exists()
    assert not (repo / SETTINGS).exists()


def test_a_stage_is_taken_from_a_local_include(new_repo: NewRepo, capsys: pytest.CaptureFixture[str]) -> None:
    """Stages that an included file of the repository declares count; when none fits, one is asked for by name."""
    repo = new_repo({"ci/all.yml": "stages: [build, verify]\n", CI: "include: ci/all.yml\n"})
    assert init(repo, *SOURCE) == 0
    assert "stage: verify" in (repo / CI).read_text(encoding="utf-8")
    other = new_repo({"ci/all.yml": "stages: [build]\n", CI: "include: {local: /ci/all.yml}\n"}, name="other")
    assert init(other, *SOURCE) == 2
    assert "--stage with one of: build" in capsys.readouterr().err
    assert init(other, *SOURCE, "--stage", "build") == 0
    assert "stage: build" in (other / CI).read_text(encoding="utf-8")


def test_a_project_that_includes_its_own_components_goes_on_so(new_repo: NewRepo) -> None:
    """`$CI_PROJECT_PATH` at `$CI_COMMIT_SHA` is kept for what is added, as is a mirror by its name."""
    for number, path in enumerate(("$CI_PROJECT_PATH@$CI_COMMIT_SHA", "mirrors/ci-factory-fork@1.0.0")):
        project, _, ref = path.partition("@")
        entry = f"$CI_SERVER_FQDN/{project}/%s@{ref}"
        repo = new_repo({CI: f"include:\n  - component: {entry % 'gates'}\n"}, name=f"repo-{number}")
        assert init(repo, "--level", "2") == 0
        assert read(repo / CI)["include"] == [{"component": entry % name} for name in LEVELS[2]]


def test_a_stage_that_nobody_can_know_is_asked_to_be_looked_at(
    new_repo: NewRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files of other projects may declare stages: `test`, or the one asked for, is taken and named among what is left."""
    repo = new_repo({CI: "include: {project: g/p, file: a.yml}\n"})
    assert init(repo, *SOURCE) == 0
    assert "Look at the stage" in capsys.readouterr().out
    assert (
        init(new_repo({CI: "include: {project: g/p, file: a.yml}\n"}, name="b"), *SOURCE, "--stage", "mine")
        == 0
    )
    assert "the stage mine" in capsys.readouterr().out
    assert init(new_repo({CI: "job: {script: [a]}\n"}, name="c"), *SOURCE, "--stage", "mine") == 2
    assert "there is no stage mine" in capsys.readouterr().err


def test_only_the_version_is_moved(new_repo: NewRepo, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that stands elsewhere in an address too stays there; one that is hidden by escapes is refused."""
    address = "https://gl.example.com/main/ci-factory/-/raw/main/templates/gates.yml?from=main"
    repo = new_repo(
        {CI: f"include:\n  - remote: {address}\n  - remote: {address.replace('gates', 'sweep')}\n"}
    )
    assert init(repo, "--ref", "2.0.0") == 0
    moved = (repo / CI).read_text(encoding="utf-8")
    assert moved.count("/main/ci-factory/-/raw/2.0.0/templates/") == moved.count("?from=main") == 2
    for written in (
        r'"$CI_SERVER_FQDN/g/ci-factory/\x61gents@1\x2e0"',
        r'"$CI_SERVER_FQDN/g/ci-factory/gates@1\x2e0"',
    ):
        (repo / CI).write_text(f"include:\n  - component: {written}\n", encoding="utf-8")
        assert init(repo, "--level", "3", "--ref", "2.0.0") == 2
        assert "written with escapes" in capsys.readouterr().err


# What is shown


def test_a_dry_run_shows_the_difference_and_writes_nothing(
    new_repo: NewRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    """The diff that `git diff` would show, and no file."""
    repo = new_repo({CI: "job: {script: [a]}\n"})
    assert init(repo, *SOURCE, "--dry-run") == 0
    said = capsys.readouterr().out
    assert f"{CI}: would be changed\n--- a/{CI}\n+++ b/{CI}\n" in said
    assert "\n+  - component: $CI_SERVER_FQDN/platform/ci-factory/gates@1.4.0\n" in said
    assert (repo / CI).read_text(encoding="utf-8") == "job: {script: [a]}\n"
    assert not (repo / SETTINGS).exists()
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@gitlab.example.com:acme/shop.git", "https://gitlab.example.com/acme/shop/-/settings/access_tokens"),
        ("https://tess:secret@gitlab.com/acme/sub/shop", "https://gitlab.com/acme/sub/shop/-/settings/access_tokens"),
        ("ssh://git@gitlab.example.com:2222/acme/shop.git", "https://gitlab.example.com/acme/shop/-/settings/access_tokens"),
        ("https://code.example.com:8443/acme/shop.git", "https://code.example.com:8443/acme/shop/-/settings/access_tokens"),
        ("git@github.example.com:acme/shop.git", ""),
        ("/srv/git/gitlab/shop.git", ""),
    ],
)  # fmt: skip
def test_what_is_left_has_exact_names_and_addresses(
    remote: str, page: str, new_repo: NewRepo, git: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Role, scope, variables with their scopes, cron and pages of the project; no credentials of the remote."""
    repo = new_repo({SETTINGS: "forge: {url: 'https://code.example.com:8443'}\n", "a.py": "x = 1\n"})
    git(repo, "remote", "add", "origin", remote)
    assert init(repo, "--level", "2", *SOURCE, "--json") == 0
    out = capsys.readouterr().out
    told = json.loads(out)
    assert "secret" not in out
    assert (told["level"], told["languages"]) == (2, ["python"])
    assert [(each["path"], each["change"]) for each in told["files"]] == [
        (SETTINGS, "unchanged"),
        (CI, "created"),
    ]
    steps = {step["title"]: step for step in told["left"]}
    assert steps["Make a token, for the control jobs"]["url"] == page
    token = steps["Give the token to the jobs as CI_FACTORY_TOKEN"]
    assert token["details"] == [
        "key: CI_FACTORY_TOKEN",
        "environment scope: factory",
        "protected: yes; masked: yes; expanded: no",
    ]
    assert "environment scope: factory-agents" in steps["Give the model's key to the agents"]["details"]
    assert "cron: 23 18 * * 1-5" in steps["Make schedule and labels"]["details"][1]
    assert "Name an agent" in steps


def test_languages_that_the_image_lacks_are_named(
    new_repo: NewRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    """python:3.12 can't run Go's tools, so that is said with the input that mends it; for Python alone nothing is."""
    assert init(new_repo({"m.go": "package m\n", "a.py": ""}), *SOURCE) == 0
    assert "no tools for go" in capsys.readouterr().out
    assert init(new_repo({"a.py": ""}, name="other"), *SOURCE) == 0
    assert "no tools for" not in capsys.readouterr().out
