"""docs/pipelines.md says what the code says."""

import dataclasses
from pathlib import Path

from ci_factory.planning.pipeline_settings import PipelineSettings

TEXT = (Path(__file__).parents[2] / "docs/pipelines.md").read_text(encoding="utf-8")


def test_every_setting_is_described() -> None:
    """Each field stands in the table of options, under the name that the command line takes."""
    table = TEXT.partition("## Settings")[2]
    missing = [
        name
        for field in dataclasses.fields(PipelineSettings)
        if f"`{(name := field.name.replace('_', '-'))}`" not in table
    ]
    assert missing == []
