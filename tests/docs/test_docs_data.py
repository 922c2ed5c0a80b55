"""YAML, JSON, Markdown and Python in our documents are what the strict readers take."""

import ast
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema  # type: ignore[import-untyped]
from pydantic import BaseModel, ValidationError

from ci_factory import config
from ci_factory.cli.schema import SCHEMAS
from ci_factory.errors import ConfigError
from ci_factory.forge.ticket_files import read_tickets
from ci_factory.gates import rulepack
from ci_factory.model.roles import ReviewDocument
from ci_factory.work.agents.autofix_block import parse as parse_autofix
from ci_factory.work.documents import EscalationDocument, UsageDocument
from tests.docs import reading
from tests.test_templates_level_one import parts, refusal

ROOT = reading.ROOT
SCRIPT_KEYS = {"comprehension", "plan", "review", "usage", "model", "attempts"}
DOCUMENTS: tuple[type[BaseModel], ...] = (
    *SCHEMAS.values(),
    EscalationDocument,
    ReviewDocument,
    UsageDocument,
)


def blocks(*languages: str) -> list[Any]:
    """Fenced blocks in these languages, named by their place."""
    every = [block for document in reading.documents() for block in document.blocks]
    return [pytest.param(block, id=block.name) for block in every if block.language in languages]


@cache
def gitlab_schema() -> Mapping[str, Any]:
    """GitLab's schema of pipelines."""
    found: Mapping[str, Any] = get_builtin_schema("vendor.gitlab-ci")
    return found


def as_configuration(value: Mapping[str, Any], _: Path) -> None:
    """By the loader of `.ci-factory.yml`."""
    config.parse(yaml.safe_dump(value))


def as_pipeline(value: Mapping[str, Any], _: Path) -> None:
    """By GitLab's schema; components are ours, and take the inputs."""
    jsonschema.Draft7Validator(gitlab_schema()).validate(value)
    for each in value.get("include", []):
        inputs, _body = parts(ROOT / "templates" / f"{component(each['component'])}.yml")
        given = {name: value for name, value in each.get("inputs", {}).items() if "$[[" not in str(value)}
        assert set(each.get("inputs", {})) <= set(inputs), each
        assert [name for name, value in given.items() if refusal(inputs[name], value)] == []


def component(address: str) -> str:
    """`gates` of `$CI_SERVER_FQDN/GROUP/ci-factory/gates@VERSION`."""
    return address.rpartition("/")[2].partition("@")[0]


def as_header(value: Mapping[str, Any], _: Path) -> None:
    """The head of a pipeline with inputs, each with a default that it takes itself."""
    assert all(refusal(spec, spec["default"]) == "" for spec in value["spec"]["inputs"].values())


def as_rules(value: Mapping[str, Any], folder: Path) -> None:
    """By the reader of rules of one's own."""
    (folder / "rules.yml").write_text(yaml.safe_dump(value), encoding="utf-8")
    assert rulepack.configured(["rules.yml"], folder)[0].name


def as_script(value: Mapping[str, Any], _: Path) -> None:
    """The keys are those that recordings have; tests of the scripted agent play each kind of step."""
    assert set(value) <= SCRIPT_KEYS
    assert value["attempts"]


def kind(value: Mapping[str, Any]) -> Callable[[Mapping[str, Any], Path], None]:
    """What a YAML document is, from its keys."""
    if "attempts" in value:
        return as_script
    if "spec" in value:
        return as_header
    if any(
        isinstance(each, Mapping) and "id" in each and "languages" in each for each in value.get("rules", [])
    ):
        return as_rules
    jobs = [each for each in value.values() if isinstance(each, Mapping) and "script" in each]
    return as_pipeline if jobs or {"include", "workflow"} & set(value) else as_configuration


@pytest.mark.parametrize("block", blocks("yaml", "yml"))
def test_yaml_is_what_its_reader_takes(block: reading.Block, tmp_path: Path) -> None:
    """Configuration loads, pipelines are valid for GitLab, components have the inputs."""
    for value in yaml.safe_load_all(block.text):
        kind(value)(value, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["gates: {treshold: 3}", "include: [{component: a/gates@1, inputs: {stages: x}}]", "a: {script: 7}"],
)
def test_wrong_yaml_would_be_found(text: str, tmp_path: Path) -> None:
    """A key that nobody reads, an input that no component has, a job that GitLab refuses."""
    value = yaml.safe_load(text)
    with pytest.raises((ConfigError, AssertionError, jsonschema.ValidationError)):
        kind(value)(value, tmp_path)


@pytest.mark.parametrize("block", blocks("json"))
def test_json_is_a_document_of_ours(block: reading.Block, tmp_path: Path) -> None:
    """Each JSON example is whole, and some strict reader of ours takes it."""
    json.loads(block.text)
    (tmp_path / "tickets.jsonl").write_text(" ".join(block.text.split()) + "\n", encoding="utf-8")
    assert any(_takes(model, block.text) for model in DOCUMENTS) or read_tickets(tmp_path / "tickets.jsonl")


def _takes(model: type[BaseModel], text: str) -> bool:
    try:
        model.model_validate_json(text, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("block", blocks("markdown"))
def test_markdown_is_a_ticket(block: reading.Block, tmp_path: Path) -> None:
    """A ticket with front matter is read without a complaint, a block for `autofix` is understood."""
    if block.text.startswith("---"):
        (tmp_path / "ticket.md").write_text(block.text, encoding="utf-8")
        (ticket,) = read_tickets(tmp_path)
        assert ticket.acceptance_criteria
    else:
        assert parse_autofix(block.text) is not None


@pytest.mark.parametrize("block", blocks("python"))
def test_python_compiles(block: reading.Block) -> None:
    """Whatever else is tested about it, it is Python."""
    assert ast.parse(block.text, block.name).body
