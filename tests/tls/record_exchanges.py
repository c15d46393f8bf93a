"""Records the exchanges in `exchanges/` anew: one of DICOM, over each kind of TLS that Python's ssl speaks.

Run by hand: `PYTHONPATH=tests python tests/tls/record_exchanges.py`. Each file has what both sides sent, in order, and
the key log. They are recorded because not every OpenSSL still speaks all of this.
"""

import ssl
from pathlib import Path

from tls_talk import CERTIFICATES, EXCHANGE, spoken

EXCHANGES = Path(__file__).parent / "exchanges"
V13, V12, V11, V10 = (
    ssl.TLSVersion.TLSv1_3,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1,
)
_NO_EXTENDED_MASTER_SECRET, _NO_ENCRYPT_THEN_MAC = 1 << 0, 1 << 19
"""Of OpenSSL's SSL_OP_…"""


def _without(options: int):
    def prepare(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
        client.options |= options
        server.options |= options

    return prepare


def _with_client_certificate(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    server.load_verify_locations(CERTIFICATES / "pacs.pem")
    client.load_cert_chain(CERTIFICATES / "pacs.pem", CERTIFICATES / "pacs.key")


def _retried(_: ssl.SSLContext, server: ssl.SSLContext) -> None:
    server.set_ecdh_curve("secp384r1")


KINDS = {
    "1.0 CBC": (V10, "AES128-SHA", _without(_NO_ENCRYPT_THEN_MAC)),
    "1.0 CBC, encrypt-then-MAC": (V10, "ECDHE-RSA-AES256-SHA", None),
    "1.1 CBC": (V11, "ECDHE-RSA-AES128-SHA", _without(_NO_ENCRYPT_THEN_MAC)),
    "1.1 CBC, encrypt-then-MAC": (V11, "AES256-SHA", None),
    "1.2 CBC": (V12, "ECDHE-RSA-AES256-SHA384", _without(_NO_ENCRYPT_THEN_MAC)),
    "1.2 CBC, encrypt-then-MAC": (V12, "ECDHE-RSA-AES128-SHA256", None),
    "1.2 Camellia": (V12, "ECDHE-RSA-CAMELLIA256-SHA384", None),
    "1.2 GCM": (V12, "ECDHE-RSA-AES128-GCM-SHA256", None),
    "1.2 GCM, no extended master secret": (V12, "AES256-GCM-SHA384", _without(_NO_EXTENDED_MASTER_SECRET)),
    "1.2 CCM": (V12, "AES128-CCM", None),
    "1.2 CCM-8": (V12, "AES256-CCM8", None),
    "1.2 ChaCha20": (V12, "ECDHE-RSA-CHACHA20-POLY1305", None),
    "1.2 anonymous": (V12, "AECDH-AES128-SHA", None),
    "1.2 client certificate": (V12, "ECDHE-RSA-AES256-GCM-SHA384", _with_client_certificate),
    "1.2 NULL": (V12, "NULL-SHA256", None),
    "1.2 resumed by ticket": (V12, "ECDHE-RSA-AES128-GCM-SHA256", None),
    "1.2 resumed by session id": (V12, "ECDHE-RSA-AES128-GCM-SHA256", _without(ssl.OP_NO_TICKET)),
    "1.3": (V13, "", None),
    "1.3 client certificate": (V13, "", _with_client_certificate),
    "1.3 HelloRetryRequest": (V13, "", _retried),
    "1.3 resumed by PSK": (V13, "", None),
}


def main() -> None:
    EXCHANGES.mkdir(exist_ok=True)
    for name, (version, suites, prepare) in KINDS.items():
        held = spoken(EXCHANGE, version, suites, prepare=prepare, resumes="resumed" in name)
        lines = [f"{'CS'[side]} {data.hex()}" for side, data in held.turns]
        lines += [f"keylog {line}" for line in held.key_log.decode().splitlines() if not line.startswith("#")]
        (EXCHANGES / f"{name.replace(',', '').replace(' ', '-')}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
