"""Settings that are one word or a whole mapping: `sandbox: off` is short for `sandbox: {mode: off}`."""

from typing import Any


def off(given: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    """YAML reads a bare `off` as `false`; everything else stays as it is."""
    return "off" if given is False else given


def alone(given: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    """A mapping from the mode alone; whether there is such a mode is for the mapping's own field to say."""
    mode = off(given)
    return {"mode": mode} if isinstance(mode, str) else given
