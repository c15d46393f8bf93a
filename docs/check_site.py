"""Check a built site: its pages ask nobody else for anything, and every file that they name is there."""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {
    "audio": "src", "embed": "src", "iframe": "src", "img": "src", "link": "href", "object": "data", "script": "src",
    "source": "src", "video": "src",
}  # fmt: skip
"""Elements that have a browser load something, and the attribute that says what."""
_NAMED_ONLY = {"canonical", "next", "prev"}
"""What a `link` says without having it loaded."""
_IN_STYLE = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)'\"]*)|@import\s+['\"]((?:https?:)?//[^'\"]*)")


class Page(HTMLParser):
    """Collects what a page has a browser load, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what an element names."""
        given = dict(attrs)
        named = given.get(_LOADED.get(tag, ""))
        if named and not (tag == "link" and given.get("rel") in _NAMED_ONLY):
            self.loaded.append(named)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")


def faults(site: Path) -> Iterator[str]:
    """Yield what is wrong with a site."""
    for path in sorted(site.rglob("*.html")):
        page = Page()
        page.feed(path.read_text(encoding="utf-8"))
        name = path.relative_to(site)
        for each in page.loaded:
            parts = urlsplit(each)
            if (parts.netloc or parts.scheme) and parts.scheme != "data":
                yield f"{name} loads {each}"
        for each in (*page.loaded, *page.links):
            parts = urlsplit(each)
            if parts.netloc or parts.scheme or not parts.path:
                continue
            base = site if parts.path.startswith("/") else path.parent
            target = (base / unquote(parts.path).lstrip("/")).resolve()
            if not (target.is_file() or (target / "index.html").is_file()) and path.name != "404.html":
                yield f"{name} names {each}, which does not exist"
    for path in sorted((*site.rglob("*.css"), *site.rglob("*.svg"))):
        for found in _IN_STYLE.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)} loads {''.join(found)}"


def main() -> None:
    """Print what is wrong with the site that is named, and say so by the exit status."""
    found = list(faults(Path(sys.argv[1])))
    print("\n".join(found) or "the site asks nobody for anything, and its links are sound")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
