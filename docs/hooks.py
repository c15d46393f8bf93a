"""What mkdocs asks while it builds the site: links out of docs/ lead to the repository."""

import re
import tomllib
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

ROOT = Path(__file__).parents[1]
_OUTWARD = re.compile(r"\]\((\.\./[^()\s]*)\)")


def on_page_markdown(markdown: str, /, *, page: Any, **_: object) -> str:
    """Return a page's text, in which files that are not of the site are links to the repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def outward(link: re.Match[str]) -> str:
        path = normpath(join("docs", dirname(page.file.src_uri), link[1]))
        inside = path.startswith("docs/")
        return link[0] if inside else f"]({project['urls']['Source']}/blob/main/{path})"

    return _OUTWARD.sub(outward, markdown)
