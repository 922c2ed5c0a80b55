"""What is usual for each language: tools, tests, settings. See docs/presets.md."""

from ci_factory.gates.presets.registry import PRESETS, detected, files_of, tests_command
from ci_factory.gates.presets.settings import SETTINGS, is_setting, takes_over

__all__ = ["PRESETS", "SETTINGS", "detected", "files_of", "is_setting", "takes_over", "tests_command"]
