"""The command line as a whole: help, typos, errors, schemas."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from ci_factory.cli import main, schema

ROOT = Path(__file__).parents[2]
Cli = Callable[..., Any]


@pytest.mark.parametrize("name", list(main.COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    """The one-line help of the list agrees with the command, and the command shows an example."""
    command = importlib.import_module(main.COMMANDS[name][0]).command
    assert isinstance(command, click.Command)
    text = command.get_help(click.Context(command, info_name=f"ci-factory {name}"))
    assert "Example" in text
    assert f"ci-factory {name}" in text


def test_help_imports_no_command(factory_cli: Cli) -> None:
    """`--help` lists every command without importing what it needs."""
    ran = factory_cli("--help")
    assert ran.code == 0
    assert all(f"\n  {name} " in ran.out for name in main.COMMANDS)


def test_typo_gets_a_suggestion(factory_cli: Cli) -> None:
    """An unknown command is exit 2 and says which one was probably meant."""
    ran = factory_cli("plna")
    assert ran.code == 2
    assert "Did you mean 'plan'?" in ran.err


def test_config_prints_values_with_origin(factory_cli: Cli, new_repo: Callable[..., Path]) -> None:
    """`ci-factory config` says where each value comes from."""
    repo = new_repo({".ci-factory.yml": "batch: {parallel: 2}\n"})
    ran = factory_cli("config", "--repo", repo, "--json")
    values = json.loads(ran.out)
    assert values["batch.parallel"] == {"value": 2, "origin": str(repo / ".ci-factory.yml")}
    assert values["enabled"]["origin"] == "default"


def test_config_typo_is_exit_2_with_the_fix(factory_cli: Cli, new_repo: Callable[..., Path]) -> None:
    """A typo in the configuration is one message with file, key and fix."""
    ran = factory_cli("config", "--repo", new_repo({".ci-factory.yml": "treshold: 3\n"}))
    assert ran.code == 2
    assert "treshold: unknown key" in ran.err
    assert "Traceback" not in ran.err


def test_checked_in_schemas_are_the_current_ones() -> None:
    """`schemas/` is what `ci-factory schema` writes today, no more and no less."""
    checked_in = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "schemas").iterdir()}
    assert checked_in == {f"{name}.schema.json": schema.schema_text(name) for name in schema.SCHEMAS}


@pytest.mark.parametrize("name", list(schema.SCHEMAS))
def test_schemas_are_valid_json_schema(name: str) -> None:
    """Each schema is itself valid under the dialect it names."""
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.schema_text(name)))
