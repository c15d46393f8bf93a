"""Records the sessions in `sessions/` anew, with the `openssl` command and a proxy between its client and server.

Run by hand: `python tests/tls/record_sessions.py`. Each file has what both sides sent, in order, the key log, and in
lines `said-…` the plaintext of each side.
"""

import contextlib
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

SESSIONS = Path(__file__).parent / "sessions"
_PAUSE = 0.25
_CLIENT_SAYS, _SERVER_SAYS = b"client says: " + b"abcdefgh" * 40 + b"\n", b"server says: " + b"01234567" * 40 + b"\n"


class Recorder:
    """Keeps what passes between a client and a server."""

    def __init__(self, port: int) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        client, _ = self._listening.accept()
        server = socket.create_connection(("127.0.0.1", self._port))
        ways = [threading.Thread(target=self._pass, args=way) for way in (("C", client, server), ("S", server, client))]
        for way in ways:
            way.start()
        for way in ways:
            way.join()
        for end in (client, server, self._listening):
            end.close()

    def _pass(self, who: str, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.sent.append((who, data))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def wait(self) -> None:
        self._thread.join()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


class Server:
    """`openssl s_server`, for any number of sessions."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.port = folder, _free_port()
        files = ["-cert", "c.pem", "-key", "k.pem"]
        command = ["openssl", "s_server", "-accept", str(self.port), *files, *options]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(_PAUSE)

    def session(
        self,
        name: str | None,
        *options: str,
        script: tuple[tuple[str, bytes], ...] = (),
        early: bytes = b"",
        taken=True,
    ):
        """Hold a session, and write it down under its name."""
        recorder = Recorder(self.port)
        keylog = self.folder / "keylog"
        keylog.unlink(missing_ok=True)
        if early:
            (self.folder / "early").write_bytes(early)
            options = (*options, "-early_data", "early")
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{recorder.port}", "-keylogfile", "keylog", *options]
        client = subprocess.Popen(
            command, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(2 * _PAUSE)
        said = {"C": early if taken else b"", "S": b""}
        for who, line in script or (("C", _CLIENT_SAYS), ("S", _SERVER_SAYS), ("C", _CLIENT_SAYS)):
            process = client if who == "C" else self.process
            process.stdin.write(line)
            process.stdin.flush()
            if len(line) > 2:
                said[who] += line
            time.sleep(_PAUSE)
        client.stdin.write(b"Q\n")
        client.stdin.close()
        client.wait()
        recorder.wait()
        if name:
            lines = [f"{who} {data.hex()}" for who, data in recorder.sent]
            lines += [f"said-{who} {said[who].hex()}" for who in "CS"]
            lines += [f"keylog {line}" for line in keylog.read_text().splitlines() if not line.startswith("#")]
            (SESSIONS / f"{name}.txt").write_text("\n".join(lines) + "\n")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.process.stdin.close()


_UPDATES = (
    ("C", _CLIENT_SAYS),
    ("C", b"K\n"),
    ("C", _CLIENT_SAYS),
    ("S", _SERVER_SAYS),
    ("S", b"k\n"),
    ("S", _SERVER_SAYS),
    ("C", b"k\n"),
    ("C", _CLIENT_SAYS),
)
_RENEGOTIATES = (("C", _CLIENT_SAYS), ("S", _SERVER_SAYS), ("C", b"R\n"), ("C", _CLIENT_SAYS), ("S", _SERVER_SAYS))


def main() -> None:
    SESSIONS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k.pem", "-out", "c.pem"]
        command = ["openssl", "req", "-x509", *made, "-days", "36500", "-subj", "/CN=archive.example"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        suites = "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 "
        suites += "TLS_AES_128_CCM_SHA256 TLS_AES_128_CCM_8_SHA256"
        for suite in suites.split():
            server = Server(folder, "-tls1_3", "-ciphersuites", suite, "-num_tickets", "1")
            server.session(f"tls13-{suite[4:].lower()}", "-ciphersuites", suite, "-servername", "archive.example")
            server.stop()
        resumed, early = ("-sess_in", "session"), b"early\n" * 99
        server = Server(folder, "-tls1_3", "-groups", "P-384", "-early_data")
        server.session("tls13-retry", "-groups", "X25519:P-384", "-sess_out", "session")
        server.session("tls13-early-data-retry", "-groups", "X25519:P-384", *resumed, early=early, taken=False)
        server.stop()
        server = Server(folder, "-tls1_3", "-record_padding", "512", "-early_data")
        server.session("tls13-padding", "-record_padding", "256", "-sess_out", "session")
        server.session("tls13-early-data", *resumed, early=early)
        server.session("tls13-early-data-refused", *resumed, early=early, taken=False)  # it is a replay
        server.stop()
        server = Server(folder, "-tls1_3", "-Verify", "1", "-CAfile", "c.pem")
        server.session("tls13-key-update", "-cert", "c.pem", "-key", "k.pem", script=_UPDATES)
        server.stop()
        server = Server(folder, "-tls1_2", "-client_renegotiation", "-legacy_renegotiation")
        server.session("tls12-renegotiation", script=_RENEGOTIATES)
        server.stop()
        record_shared_keys(folder)


def record_shared_keys(folder: Path) -> None:
    """Sessions whose sides know a key beforehand, which Python's ssl offers from 3.13 on only."""
    shared = ("-psk", "00112233445566778899aabbccddeeff", "-psk_identity", "ct1")
    for name, version, suite in (
        ("tls12-psk", "-tls1_2", "PSK-AES128-CCM8"),
        ("tls12-ecdhe-psk", "-tls1_2", "ECDHE-PSK-AES128-CBC-SHA256"),
        ("tls13-psk", "-tls1_3", "TLS_AES_128_GCM_SHA256"),
    ):
        chosen = ("-ciphersuites", suite) if version == "-tls1_3" else ("-cipher", f"{suite}:@SECLEVEL=0")
        server = Server(folder, version, *shared, *chosen, "-num_tickets", "1")
        server.session(name, version, *shared, *chosen)
        server.stop()


if __name__ == "__main__":
    main()
