"""Settings of what people are asked about."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from ci_factory.model import modes
from ci_factory.model.base import Value

Asking = Annotated[Literal["ask", "note", "off"], BeforeValidator(modes.off)]
"""`ask`: a person decides first. `note`: it is done, and told at the change's checkpoint. `off`: neither."""


class TriggersConfig(Value):
    """What is detected, and then asked; areas under `sensitive` are asked about whatever stands here."""

    architecture: Asking = "ask"
    """New services, dependencies and packages, schema changes."""
    security: Asking = "ask"
    """Who may do what, cryptography, secrets."""
    data: Asking = "ask"
    """Personal data, retention, migrations, backups."""
    compatibility: Asking = "ask"
    """Public names, configuration formats, deprecations, major upgrades."""
    uncertainty: Asking = "ask"
    """What a ticket's words leave open."""
