"""What mkdocs does beside its own for the documentation's site: pages and files that stand outside of `docs/`.

Pages link to files of the repository as they do on a forge (`../schemas/batch.schema.json`). Such files become
part of the site, and the links lead to them there.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("CONTRIBUTING.md", "CHANGELOG.md")
"""Pages of the repository's root that are pages of the site too."""
_OUTSIDE = re.compile(r"(?<=\]\()\.\./([A-Za-z0-9_./-]+)")


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages of the root, and every file outside of `docs/` that a page links to."""
    for name in sorted({*PAGES, *linked(Path(config.docs_dir))}):
        source = ROOT / name
        if not source.is_file():
            raise PluginError(f"a page links to ../{name}, which does not exist")
        files.append(File.generated(config, name, abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Files outside of `docs/` are beside the pages in the site; the root's own links into `docs/` are too."""
    if "/" in page.file.src_uri:  # `../` stays inside of docs/
        return markdown
    return _OUTSIDE.sub(r"\1", markdown).replace("](docs/", "](")


def linked(folder: Path) -> set[str]:
    """Paths from the repository's root that pages link to with `../`."""
    texts = (page.read_text(encoding="utf-8") for page in folder.glob("*.md"))
    return {found for text in texts for found in _OUTSIDE.findall(text)}
