"""The page in a real browser: it says nothing on the console, asks nobody for anything, and is all there."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from dicomsniff.privacy.gate import Privacy
from export.report.reports import captured, hostile, written

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs chromium (Debian: apt install chromium)"),
]


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """What a server on the loopback interface is asked for; its port comes first."""
    paths: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        paths.append(str(server.server_port))
        yield paths
        server.shutdown()


def opened(page: Path, work: Path) -> tuple[str, list[str]]:
    """Return the document as the browser has it, and what was said on the console."""
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        f"--user-data-dir={work / 'profile'}", "--enable-logging=stderr", "--dump-dom", f"file://{page}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_a_page_is_shown_whole_and_silent(samples, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(written("html", samples / "c-move-destination-refuses.pcap"), encoding="utf-8")
    document, said = opened(page, tmp_path)
    assert said == []
    assert document.rstrip().endswith("</html>")
    assert document.count("<details") == page.read_text(encoding="utf-8").count("<details")


def test_nothing_that_a_peer_sent_makes_it_ask_anybody(tmp_path, asked):
    (port,) = asked
    comment = f"<img src=http://127.0.0.1:{port}/a><style>@import 'http://127.0.0.1:{port}/b'</style>"
    path = captured(tmp_path / "x.pcap", hostile("<b>", "<i>", comment))
    page = tmp_path / "page.html"
    page.write_text(written("html", path, privacy=Privacy(keep_phi=True)), encoding="utf-8")
    _, said = opened(page, tmp_path)
    assert said == []
    assert asked == [port]


def test_the_policy_holds_even_where_markup_got_into_the_page(tmp_path, asked):
    (port,) = asked
    whole = written("html", captured(tmp_path / "x.pcap", hostile("A", "B", "C")))
    page = tmp_path / "page.html"
    injected = f"<body><img src=http://127.0.0.1:{port}/a><script>document.title='x'</script>"
    page.write_text(whole.replace("<body>", injected), encoding="utf-8")
    document, said = opened(page, tmp_path)
    assert len(said) == 2
    assert all("Content Security Policy" in line for line in said)
    assert "<title>x</title>" not in document
    assert asked == [port]


def test_what_opens_is_large_enough_to_be_touched(samples, tmp_path):
    """At least 24 px each way (WCAG 2.2 §2.5.8)."""
    measure = "<script>document.title = Math.min(...[...document.querySelectorAll('summary')].map(e => e.offsetHeight))"
    whole = written("html", samples / "c-store.pcap")
    policy = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')
    assert policy.search(whole)
    page = tmp_path / "page.html"
    page.write_text(policy.sub("", whole).replace("</body>", f"{measure}</script></body>"), encoding="utf-8")
    document, _ = opened(page, tmp_path)
    (height,) = re.findall("<title>([0-9]+)</title>", document)
    assert int(height) >= 24
