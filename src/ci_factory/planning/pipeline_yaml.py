"""Generated pipelines as YAML that every reader understands in the same way. Pure."""

from typing import TYPE_CHECKING, Any

import yaml

from ci_factory.errors import UsageError

MAX_BYTES = 2_000_000
"""GitLab reads no YAML file that is larger, nor a child from an artifact above 5 MB."""

if TYPE_CHECKING:
    from yaml import SafeDumper as _Dumper
else:
    _Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def text_of(document: dict[str, Any], name: str, *, fix: str, limit: int = MAX_BYTES) -> str:
    """A pipeline as the text of the file `name`; the same document gives the same bytes.

    Raises:
        UsageError: it has more than `limit` bytes; `fix` says what helps.
    """
    text: str = yaml.dump(document, Dumper=_PlainDumper, sort_keys=False, width=200)
    if len(text.encode()) > limit:
        what = f"it would be larger than {limit} bytes, and GitLab would not read it"
        raise UsageError(what, where=name, fix=fix)
    return text


class _PlainDumper(_Dumper):
    """PyYAML's safe dumper, without anchors, and with quotes around whatever another YAML reader may take for a number.

    Ruby's reader knows numbers and dates that PyYAML writes without quotes, and a ticket may be called `2026-1-1`.
    """

    def ignore_aliases(self, data: object) -> bool:
        """Write values that are used twice out twice."""
        del data
        return True


def _represent_text(dumper: Any, text: str) -> Any:  # noqa: ANN401 - PyYAML's own types are not exported
    style = "'" if text[:1].isdigit() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_PlainDumper.add_representer(str, _represent_text)
