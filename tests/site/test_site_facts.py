"""What the pages for people say is what the code does."""

import re
from pathlib import Path

import pytest

import ci_factory
from ci_factory.config import parse
from ci_factory.forge.protocol import Forge
from ci_factory.work.agents.registry import ADAPTERS
from tests.test_layering import MAY_IMPORT, PURE

ROOT = Path(__file__).parents[2]
SOURCES = Path(ci_factory.__file__).parent


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def sections(name: str) -> dict[str, str]:
    """Text of a page by heading of the second level."""
    parts = re.split(r"^## (.*)$", page(name), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


RECIPES = {
    title: (parse(yaml), text)
    for title, text in sections("recipes.md").items()
    for yaml in re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
}


def test_every_adapter_for_a_model_has_a_recipe() -> None:
    """Whatever can be configured to work with a model has a section of its own."""
    shown = {config.agents[0].adapter for config, _ in RECIPES.values()}
    assert shown == set(ADAPTERS) - {"scripted"}


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_names_the_keys_and_hosts_that_its_agent_has(title: str) -> None:
    """The adapter, made from the recipe, asks for a key and a host that the section names."""
    config, text = RECIPES[title]
    agent = config.agents[0]
    capability = ADAPTERS[agent.adapter](agent, ROOT).capability
    if len(config.agents) > 1 or agent.adapter == "autofix":
        return
    assert any(f"`{key}`" in text for key in capability.keys)
    assert [host for host in capability.hosts if host not in text] == []


def test_the_architecture_names_every_room_and_its_effects() -> None:
    """The table has each folder and module of the package, and says of pure ones that they have no effects."""
    rows = dict(
        re.findall(r"^\| ((?:`[\w./]+`(?:, )?)+) \|.*\| ([^|]+) \|$", page("architecture.md"), re.MULTILINE)
    )
    told = {
        name.strip("`/").removesuffix(".py"): effects
        for names, effects in rows.items()
        for name in names.split(", ")
    }
    rooms = {
        path.name.removesuffix(".py") for path in SOURCES.iterdir() if not path.name.startswith(("_", "py."))
    }
    assert rooms <= set(told)
    assert rooms == {*MAY_IMPORT, "cli"}
    assert [room for room in PURE if told[room] != "none"] == []


def test_artifacts_of_the_architecture_have_schemas() -> None:
    """Each file that the table of artifacts names is one whose schema is published, or a bundle."""
    table = sections("architecture.md")["Artifacts"]
    named = [
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`([\w.]+)`", row)
    ]
    published = {path.name.removesuffix(".schema.json") for path in (ROOT / "schemas").iterdir()}
    stems = {name.partition(".")[0].replace("_", "-") for name in named}
    assert len(stems) > 8
    assert stems - published - {"change", "events"} == set()


def test_the_page_about_forges_names_every_method() -> None:
    """The table of what a forge must do is the Protocol's, no more and no less."""
    table = sections("adding-forge.md")["What it must do"]
    named = [
        name
        for cell in re.findall(r"^\| [a-z ]+ \| ([^|]+) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    ]
    assert sorted(named) == sorted(name for name in vars(Forge) if not name.startswith("_"))


def test_pages_name_only_files_of_the_sources_that_exist() -> None:
    """Modules and folders that the pages for contributors name are where they say."""
    pages = (
        "architecture.md",
        "adding-gate.md",
        "adding-agent.md",
        "adding-report.md",
        "adding-forge.md",
        "decisions.md",
    )
    named = [(name, path) for name in pages for path in re.findall(r"`((?:[\w-]+/)+[\w.-]*)`", page(name))]
    shown = {path for name in pages for path in re.findall(r'title="src/ci_factory/([^"]+)"', page(name))}
    places = (ROOT, SOURCES, ROOT / "tests")
    lost = [
        each
        for each in named
        if each[1] not in shown and not any((place / each[1]).exists() for place in places)
    ]
    assert len(named) > 20
    assert lost == []
