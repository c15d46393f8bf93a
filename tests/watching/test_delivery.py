"""Handing alerts over: to a command's standard input, to a URL."""

import http.server
import sys
import threading
from pathlib import Path

import pytest

from dicomsniff.watching import delivery
from dicomsniff.watching.delivery import DeliveryError, to_command, to_url


def command(script: str) -> str:
    return f"{sys.executable} -c '{script}'"


def test_a_command_gets_the_alert_on_its_standard_input(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    to_command(command(f'import sys; open("{taken}", "w").write(sys.stdin.read())'))('{"kind": "alert"}')
    assert taken.read_text() == '{"kind": "alert"}\n'


def test_a_command_that_fails_is_said_to() -> None:
    with pytest.raises(DeliveryError, match="ended with status 3"):
        to_command(command("raise SystemExit(3)"))("{}")


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT", 0.05)
    with pytest.raises(DeliveryError, match=r"took longer than 0.05 s"):
        to_command(command("import threading; threading.Event().wait()"))("{}")


def test_no_shell_sees_the_command(tmp_path: Path) -> None:
    to_command(f"{sys.executable} -c pass ; touch {tmp_path}/made")("{}")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("text", ["", "no-such-command-anywhere --now"])
def test_a_command_that_is_none_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="there is no command"):
        to_command(text)


@pytest.mark.parametrize("text", ["ftp://example.org/", "example.org", "file:///etc/passwd", "http:///path"])
def test_a_url_that_is_none_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="expected a URL"):
        to_url(text)


class _Server:
    """Answers one request on loopback, with a status."""

    def __init__(self, status: int) -> None:
        self.bodies: list[bytes] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"
        self._thread = threading.Thread(target=self._server.handle_request)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()
        self._server.server_close()


def test_a_url_gets_the_alert_by_post() -> None:
    server = _Server(204)
    to_url(server.url)('{"kind": "alert"}')
    server.close()
    assert server.bodies == [b'{"kind": "alert"}']


def test_a_server_that_refuses_is_said_to() -> None:
    server = _Server(503)
    with pytest.raises(DeliveryError, match="the server answers 503"):
        to_url(server.url)("{}")
    server.close()


def test_a_server_that_is_not_there_is_said_to() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as gone:
        url = f"http://127.0.0.1:{gone.server_port}/"
    with pytest.raises(DeliveryError, match="refused"):
        to_url(url)("{}")
