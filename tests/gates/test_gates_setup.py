"""The project's own environment: installed once, by the base's word, copied for each use."""

import json
import textwrap
from pathlib import Path
from typing import Any

from ci_factory.model.gate import GateStatus

Project = Any  # tests/gates/conftest.py
INSTALL = """
case "$(env)" in *s3cret*) echo saw a secret; exit 1;; esac
printf x >> {runs}
mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho a.txt:1: $(cat node_modules/version)\\n' > node_modules/.bin/tool
chmod +x node_modules/.bin/tool
cp package-lock.json node_modules/version
"""


def files(tmp_path: Path) -> dict[str, str]:
    """A project whose setup installs a tool of its own that prints its version."""
    script = INSTALL.format(runs=tmp_path / "runs")
    return {"install.sh": script, "package.json": "{}", "package-lock.json": "version 1", "a.txt": "x\n"}


def settings(command: str = "tool", setup: str = "sh install.sh", **more: object) -> str:
    """A gate that is the installed tool."""
    gate = {"name": "mine", "command": command, "format": "gnu", **more}
    return json.dumps({"gates": {"setup": setup, "commands": [gate]}})


def test_setup_runs_once_for_the_same_lock_files(project: Project, tmp_path: Path) -> None:
    """Two changes on the same lock files install once, and both have the tool."""
    project.commit(files(tmp_path))
    project.commit({"a.txt": "y\n"})
    first = project.judge("mine", settings(), cached=True)
    project.commit({"a.txt": "z\n"})
    second = project.judge("mine", settings(), cached=True)
    assert [each.findings[0].message for each in (first, second)] == ["version 1", "version 1"]
    assert (tmp_path / "runs").read_text() == "x"


def test_changed_lock_files_are_installed_apart(project: Project, tmp_path: Path) -> None:
    """The head is measured with its own dependencies, the base with its own, and a reader is told."""
    project.commit(files(tmp_path))
    project.commit({"package-lock.json": "version 2"})
    report = project.report("mine", "policy", settings=settings(), cached=True)
    found = {each.gate: each for each in report.gates}
    assert [each.message for each in found["mine"].findings] == ["version 2"]
    assert (tmp_path / "runs").read_text() == "xx"
    assert any("lock files changed" in each.message for each in found["policy"].reasons)


def test_what_code_does_to_its_environment_stays_there(project: Project, tmp_path: Path) -> None:
    """A run that rewrites an installed tool does not do so for the next run, or for what is kept."""
    project.commit(files(tmp_path))
    project.commit({"a.txt": "y\n"})
    gates = [
        {"name": name, "command": command, "format": "gnu"}
        for name, command in (("evil", ["cp", "/dev/null", "node_modules/.bin/tool"]), ("mine", "tool"))
    ]
    text = json.dumps({"gates": {"setup": "sh install.sh", "commands": gates}})
    for _ in range(2):
        report = project.report("evil", "mine", settings=text, cached=True)
        assert {each.gate: len(each.findings) for each in report.gates} == {"evil": 0, "mine": 1}
        project.commit({"a.txt": "z\n"})


def test_a_failing_setup_is_inconclusive_with_its_last_lines(project: Project, tmp_path: Path) -> None:
    """Gates that need it can't judge; those that do not, do."""
    project.commit(files(tmp_path) | {"install.sh": "echo no such package: left-pad >&2; exit 1\n"})
    project.commit({"a.txt": "y\n"})
    report = project.report("mine", "policy", settings=settings())
    found = {each.gate: each for each in report.gates}
    assert found["mine"].status is GateStatus.INCONCLUSIVE
    assert "no such package: left-pad" in found["mine"].summary
    assert found["policy"].status is GateStatus.PASS


def test_setup_sees_no_secret(project: Project, tmp_path: Path, monkeypatch: Any) -> None:
    """Neither variables of the job nor addresses with a password reach the setup command."""
    monkeypatch.setenv("CI_JOB_TOKEN", "s3cret")
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:s3cret@index/simple")
    project.commit(files(tmp_path))
    project.commit({"a.txt": "y\n"})
    assert project.judge("mine", settings()).status is GateStatus.FAIL


def test_a_tool_that_only_the_change_brings_does_not_judge(project: Project) -> None:
    """A folder of installed tools in the change's own tree is not taken for the project's."""
    project.commit({"a.txt": "x\n", "package.json": "{}"})
    project.commit({"a.txt": "y\n", "node_modules/.bin/no-such-tool": "#!/bin/sh\n"})
    (project.git.folder / "node_modules/.bin/no-such-tool").chmod(0o755)
    project.commit({"a.txt": "z\n"})
    gate = {"name": "mine", "command": "no-such-tool", "format": "gnu"}
    text = json.dumps({"gates": {"commands": [gate]}})
    report = project.report("mine", settings=text, revisions=("HEAD~2", "HEAD"))
    assert report.gates[0].status is GateStatus.INCONCLUSIVE


def test_a_change_can_not_uninstall_an_optional_judge(project: Project, tmp_path: Path) -> None:
    """Optional means that the machine may be without it, not that the change may."""
    lazy = f"grep -q none package-lock.json && exit 0\n{files(tmp_path)['install.sh']}"
    project.commit(files(tmp_path) | {"install.sh": lazy})
    project.commit({"package-lock.json": "none"})
    assert project.judge("mine", settings(optional=True)).status is GateStatus.INCONCLUSIVE


def test_a_setup_path_does_not_follow_a_link_of_the_tree(project: Project, tmp_path: Path) -> None:
    """What is installed is written into the checkout or not at all."""
    (tmp_path / "outside").mkdir()
    project.commit(files(tmp_path))
    (project.git.folder / "sub").symlink_to(tmp_path / "outside")
    project.commit({"a.txt": "y\n"})
    text = json.loads(settings())
    text["gates"]["setup_paths"] = ["sub/node_modules"]
    assert project.judge("mine", json.dumps(text)).status is GateStatus.INCONCLUSIVE
    assert list((tmp_path / "outside").iterdir()) == []


def test_python_is_set_up_in_a_virtual_environment(project: Project) -> None:
    """The type checker knows the packages that the project's setup installed, and no others."""
    install = """
    import pathlib, sysconfig
    package = pathlib.Path(sysconfig.get_path("purelib")) / "shop"
    package.mkdir()
    (package / "py.typed").touch()
    (package / "__init__.py").write_text("def price() -> int: return 1\\n")
    """
    uses = "import shop\n\nx: str = shop.price()\n"
    project.commit(
        {"install.py": textwrap.dedent(install), "requirements.txt": "shop==1\n", "a.py": "x = 1\n"}
    )
    project.commit({"a.py": uses})
    result = project.judge("mypy", "gates: {setup: python install.py}", cached=True)
    assert [each.rule for each in result.findings] == ["assignment"]
    assert project.judge("mypy", "{}").findings == ()


def test_the_type_checker_is_right_with_what_an_earlier_change_left(project: Project) -> None:
    """mypy's own cache between runs changes no result: not when it helps, and not when it is damaged."""
    library = "def price() -> int:\n    return 1\n"
    project.commit({"shop.py": library, "a.py": "import shop\n"})
    project.commit({"a.py": "import shop\n\nx: str = shop.price()\n"})
    assert [each.rule for each in project.judge("mypy", cached=True).findings] == ["assignment"]
    project.commit({"a.py": "import shop\n\ny: str = shop.price()\n"})
    project.commit({"shop.py": library.replace("int", "str").replace("1", "'1'"), "a.py": "import shop\n"})
    assert project.judge("mypy", cached=True).findings == ()
    kept = [path for path in (project.cache / "mypy").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(b"damaged")
    project.commit({"a.py": "import shop\n\nz: int = shop.price()\n"})
    assert [each.rule for each in project.judge("mypy", cached=True).findings] == ["assignment"]


def test_plugins_of_the_project_leave_nothing_to_later_runs(project: Project) -> None:
    """Where code of the project runs inside the type checker, no cache is kept."""
    project.commit({"mypy.ini": "[mypy]\nplugins = own.py\n", "own.py": "", "a.py": "x = 1\n"})
    project.commit({"a.py": "x = 2\n"})
    project.judge("mypy", cached=True)
    assert not (project.cache / "mypy").exists()
