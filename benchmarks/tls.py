#!/usr/bin/env python3
"""Measure `dicomsniff show` beside tshark on C-STOREs over TLS, both with the same key log.

tshark decrypts the records, and knows no DICOM in them: it refuses to be told that there is (`-d tls.port==…,dicom`).

tls.py DIRECTORY [--megabytes 100] [--suite SUITE] [--record BYTES] [--runs 5] [--program PYTHON...]

It is TLS 1.3 with AES-128-GCM in full records, or SUITE: another one of TLS 1.3 or, by OpenSSL's name, of TLS 1.2.
The capture and its key log are made in DIRECTORY where they are not there yet.
"""

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

CONFIGURATION = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = suites
[suites]
Ciphersuites = {}
"""
SUITE = "TLS_AES_128_GCM_SHA256"
CHOSEN = "OPENSSL_CONF"
RECORD = 1 << 14
"""Bytes of plaintext in a full record (RFC 8446 §5.1)."""


def _choose_suite(directory: Path, suite: str) -> None:
    """Start again with the one suite: Python's ssl has no say in those of TLS 1.3, and reads this when it is loaded."""
    configuration = directory / f"{suite}.cnf"
    if os.environ.get(CHOSEN) != str(configuration):
        configuration.write_text(CONFIGURATION.format(suite))
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {CHOSEN: str(configuration)})


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIRECTORY", type=Path)
    parser.add_argument("--megabytes", type=int, default=100, metavar="N", help="of the capture (100)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each, in turn; the median counts (5)")
    parser.add_argument("--program", action="append", metavar="PYTHON", help="this one unless given")
    parser.add_argument("--suite", default=SUITE, help=f"the cipher suite ({SUITE})")
    parser.add_argument("--record", type=int, default=RECORD, metavar="BYTES", help="of a full record (16384)")
    args = parser.parse_args()
    args.directory.mkdir(parents=True, exist_ok=True)
    if args.suite.startswith("TLS_"):
        _choose_suite(args.directory.resolve(), args.suite)
    from machine import machine_lines
    from measure import Row, measure_rows, read_once
    from tables import aligned

    name = f"{args.suite}-{args.record}-{args.megabytes}"
    capture, keys = args.directory / f"{name}.pcap", args.directory / f"{name}.keylog"
    if not capture.exists() or not keys.exists():
        make(capture, keys, args.megabytes * 1_000_000, args.suite, args.record)
        # What makes it takes memory, which those that it starts would be said to have taken.
        os.execv(sys.executable, [sys.executable, *sys.argv])
    read_once(str(capture))
    path, tshark = str(capture), ["tshark", "-o", f"tls.keylog_file:{keys}", "-d", "tcp.port==11112,tls"]
    fields = ["-Y", "tls", "-T", "fields", "-e", "frame.number", "-e", "tls.record.length"]
    rows = [
        Row(f"show {program}", [program, "-P", "-m", "dicomsniff", "show", "--tls-keylog", str(keys), path], path)
        for program in args.program or [sys.executable]
    ]
    rows += [Row("tshark, summary", [*tshark, "-r", path], path)]
    rows += [Row("tshark, fields", [*tshark, *fields, "-r", path], path)]
    for line in machine_lines(with_tshark=True):
        print(f"- {line}")
    timings = measure_rows(rows, args.runs)
    table = [["", "CPU s", "MB", "÷ show"]]
    table += [[each.row.name, f"{each.cpu:.2f}", f"{each.memory / 1e6:.0f}", f"{each.cpu / timings[0].cpu:.2f}"]
              for each in timings]  # fmt: skip
    print(*aligned(table, markdown=True), sep="\n")
    return 0


def make(capture: Path, keys: Path, size: int, suite: str, record: int) -> None:
    """Write a capture of about `size` bytes in records of up to `record` bytes, and the key log of its sessions."""
    import ssl

    from synthetic import BURST, write_capture
    from wire import CLIENT, MSS, SERVER, CaptureWriter, Connection

    certificate = capture.with_suffix(".pem")
    _write_certificate(certificate)
    contexts = (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    contexts[CLIENT].check_hostname, contexts[CLIENT].verify_mode = False, ssl.CERT_NONE
    contexts[SERVER].load_cert_chain(certificate)
    if not suite.startswith("TLS_"):
        for context in contexts:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(f"{suite}:@SECLEVEL=0")
    keys.unlink(missing_ok=True)
    contexts[CLIENT].keylog_filename = str(keys)

    class Secured(Connection):
        """A connection over TLS: what is sent leaves in records."""

        __slots__ = ("_held", "_sides")

        def open(self) -> None:
            super().open()
            self._held = b""
            bios = [ssl.MemoryBIO() for _ in range(4)]
            self._sides = (
                (contexts[CLIENT].wrap_bio(bios[0], bios[1]), bios[0], bios[1]),
                (contexts[SERVER].wrap_bio(bios[2], bios[3], server_side=True), bios[2], bios[3]),
            )
            open_sides = {CLIENT, SERVER}
            while open_sides:
                for side in (CLIENT, SERVER):
                    try:
                        self._sides[side][0].do_handshake()
                        open_sides.discard(side)
                    except ssl.SSLWantReadError:
                        pass
                    self._flush(side, MSS)

        def send(self, side: int, data: bytes, size: int = MSS) -> None:
            # As who sends PDUs of 16 kB does: full records, but for the last one of a message.
            data = self._held + data
            keep = len(data) % record if len(data) - len(self._held) == BURST else 0
            self._held = data[len(data) - keep :]
            for at in range(0, len(data) - keep, record):
                self._sides[side][0].write(data[at : min(at + record, len(data) - keep)])
            self._flush(side, size)

        def _flush(self, side: int, size: int) -> None:
            said = self._sides[side][2].read()
            if said:
                super().send(side, said, size)
                self._sides[1 - side][1].write(said)

    write_capture(str(capture), size, CaptureWriter(str(capture)), connect=Secured)


def _write_certificate(path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=pacs.example")
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=3650))
    signed = builder.sign(key, hashes.SHA256())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*form) + signed.public_bytes(serialization.Encoding.PEM))


if __name__ == "__main__":
    sys.exit(main())
