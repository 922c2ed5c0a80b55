"""The environment of programs that measure: an allowlist, nothing secret, folders of our own."""

from collections.abc import Mapping
from pathlib import Path

from ci_factory.system import ci_env


def clean(scratch: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for a tool or for tests; `scratch` holds their `home` and `tmp`. `extra` goes before the others."""
    ours = {
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "tmp"),
        "NO_COLOR": "1",
        "GIT_CEILING_DIRECTORIES": str(scratch),
        "SEMGREP_SEND_METRICS": "off",
        "SEMGREP_ENABLE_VERSION_CHECK": "0",
    }
    return {"LANG": "C.UTF-8"} | ci_env.allowed(()) | ours | dict(extra or {})
