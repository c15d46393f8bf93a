"""What mkdocs asks while it builds the site: links out of docs/ lead to the repository, code is shown as it is."""

import re
import tomllib
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

ROOT = Path(__file__).parents[1]
_OUTWARD = re.compile(r"\]\((\.\./[^()\s]*)\)")
_README_TABLE = "The table by traffic is [in the README](../README.md#speed-and-memory)."
"""What the section itself stands for on the site."""
_SECTION = re.compile(r"^## Speed and memory\n(.*?)^## ", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"<code>[^<]*</code>")
_OPTION = re.compile(r"(?<![\w-])--?[\w-]+")


def on_page_markdown(markdown: str, /, *, page: Any, **_: object) -> str:
    """Return a page's text, in which files that are not of the site are links to the repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def outward(link: re.Match[str]) -> str:
        path = normpath(join("docs", dirname(page.file.src_uri), link[1]))
        inside = path.startswith("docs/")
        return link[0] if inside else f"]({project['urls']['Source']}/blob/main/{path})"

    if _README_TABLE in markdown:
        found = _SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
        assert found is not None
        markdown = markdown.replace(
            _README_TABLE, found[1].replace("](docs/", "](").replace("](benchmarks/", "](../benchmarks/")
        )
    return _OUTWARD.sub(outward, markdown)


def on_page_content(html: str, /, **_: object) -> str:
    """Return a page's HTML, in whose code no option is broken at a hyphen, and no bar has the backslash of tables."""
    return _CODE.sub(lambda code: _OPTION.sub(r'<span class="option">\g<0></span>', code[0]).replace(r"\|", "|"), html)
