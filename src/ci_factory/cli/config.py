"""`ci-factory config`: every setting, its value, and where the value comes from."""

import json
from pathlib import Path

import click

from ci_factory import config as configuration
from ci_factory.cli import common
from ci_factory.errors import ConfigError


@click.command(epilog="Example: ci-factory config --repo . --json")
@common.repo_option
@common.config_option
@common.json_option
def command(repo: Path, config_file: Path | None, *, as_json: bool) -> None:
    """Print every setting with its value and origin (the file, or `default`)."""
    file = config_file or common.open_repository(repo).folder / configuration.FILE_NAME
    if config_file and not config_file.is_file():
        raise ConfigError("there is no such file", where=str(file), fix="name an existing file")
    text = file.read_text(encoding="utf-8") if file.is_file() else None
    rows = list(configuration.values_with_origin(text, str(file)))
    if as_json:
        common.print_json({key: {"value": value, "origin": origin} for key, value, origin in rows})
        return
    width = max(len(key) for key, _, _ in rows)
    for key, value, origin in rows:
        click.echo(f"{key:<{width}}  {json.dumps(value)}  ({origin})")
