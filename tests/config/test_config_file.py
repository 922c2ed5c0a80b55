"""`.ci-factory.yml`: defaults, origins, and errors that name file, key and fix."""

from pathlib import Path

import pytest

from ci_factory import config
from ci_factory.errors import ConfigError
from ci_factory.model.gate import Component


def test_no_file_means_defaults(tmp_path: Path) -> None:
    """A project needs no configuration."""
    assert config.load(tmp_path / ".ci-factory.yml") == config.Config()


def test_default_profile_is_the_documented_one() -> None:
    """Threshold and weights are the specification's."""
    gates = config.Config().gates
    assert gates.threshold == 80
    assert gates.weights == {
        Component.SYNTAX: 0.2,
        Component.TESTS: 0.3,
        Component.SECURITY: 0.3,
        Component.COMPLEXITY: 0.1,
        Component.DOCUMENTATION: 0.1,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bach: {}", r"my\.yml: bach: unknown key\n  fix: did you mean `batch`\?"),
        ("batch: {max_ticket: 3}", r"batch\.max_ticket: unknown key\n  fix: did you mean `max_tickets`\?"),
        ("batch: {max_tickets: many}", r"batch\.max_tickets: .*integer"),
        ("batch: {timeout_minutes: .nan}", r"batch\.timeout_minutes"),
        ("gates: {weights: {syntax: 0.9}}", r"gates\.weights: .*sum to 0\.9"),
        ("agents: [{name: a, adapter: command}, {name: a, adapter: command}]", r"twice: a"),
        ("agents: [{name: a, adapter: command, comand: x}]", r"agents\.0\.comand: unknown key\n.*`command`"),
        ("- a", r"must be a mapping"),
        ("a: [", r"my\.yml: is not valid YAML"),
        ("a: !!python/object/apply:os.system ['true']", r"is not valid YAML"),
    ],
)
def test_errors_name_file_key_and_fix(text: str, says: str) -> None:
    """Each mistake gets one message that says where it is and what to do."""
    with pytest.raises(ConfigError, match=says):
        config.parse(text, "my.yml")


def test_huge_file_is_refused(tmp_path: Path) -> None:
    """A configuration is bounded in size."""
    path = tmp_path / "big.yml"
    path.write_bytes(b"#" * (config.MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than"):
        config.load(path)


def test_every_value_knows_its_origin() -> None:
    """A value says whether the file or the default set it."""
    rows = {
        key: (value, origin)
        for key, value, origin in config.values_with_origin("batch: {parallel: 2}", "f.yml")
    }
    assert rows["batch.parallel"] == (2, "f.yml")
    assert rows["batch.max_tickets"] == (20, "default")


def test_hash_changes_with_any_value() -> None:
    """Two configurations that differ have different hashes; equal ones have the same."""
    other = config.parse("gates: {threshold: 81}")
    assert config.Config().hash != other.hash
    assert config.Config().hash == config.parse("gates: {threshold: 80}").hash


@pytest.mark.parametrize(("retry", "seconds"), [(1, 60), (2, 300), (3, 900), (4, 900)])
def test_retry_delays_repeat_the_last(retry: int, seconds: float) -> None:
    """Retries wait 1, 5 and 15 minutes, then 15 again."""
    assert config.RetryConfig().delay_seconds(retry) == seconds


def test_every_key_is_documented() -> None:
    """docs/configuration.md names every key that `ci-factory config` prints."""
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = {key for key, _, _ in config.values_with_origin(None, "")}
    undocumented = [
        key
        for key in sorted(keys)
        if f"`{key}`" not in text
        and f"`.{key.rpartition('.')[2]}`" not in text
        and f"`{key.rpartition('.')[0]}`" not in text
    ]
    assert undocumented == []
