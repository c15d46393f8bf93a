"""The options for what DICOM over TLS is read with: `--tls-keylog` and `--tls-key`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what DICOM over TLS is read with, which the command takes as `keys`."""
    command = _with_keys(command)
    for option in (
        click.option("--tls-key", "tls_keys", metavar="FILE", multiple=True,
                     help="Read TLS with the server's RSA private key in FILE (PEM), for RSA key exchange only."),
        click.option("--tls-keylog", "tls_key_logs", metavar="FILE", multiple=True,
                     help="Read TLS with the key log in FILE, as SSLKEYLOGFILE makes it; may be repeated."),
    ):  # fmt: skip
        command = option(command)
    return command


def _with_keys(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the files with keys on as one, `keys`."""

    @wraps(command)
    def call(*args: Any, tls_key_logs: tuple[str, ...], tls_keys: tuple[str, ...], **options: Any) -> Any:
        from dicomsniff.key_files import KeyFileError, KeyFiles

        growing = bool(options.get("follow")) or "plan" in options  # which has no end of its own
        try:
            keys = KeyFiles(tls_key_logs, tls_keys, growing=growing)
        except KeyFileError as error:
            raise click.UsageError(str(error)) from None
        return command(*args, keys=keys, **options)

    return call
