"""Ways to hand an alert over: to a command on its standard input, or to a URL by POST."""

import http.client
import os
import shlex
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

TIMEOUT = 10.0
"""Seconds that a command or a server may take for one alert."""

Deliver = Callable[[str], None]
"""Hands an alert over; raises DeliveryError where it was not taken."""


class DeliveryError(Exception):
    """An alert was not taken; the message says why."""


def to_command(command: str) -> Deliver:
    """Return what runs a command, which no shell sees, with each alert; ValueError where there is no such command."""
    arguments = shlex.split(command)
    if not arguments or shutil.which(arguments[0]) is None:
        raise ValueError(f"there is no command {arguments[0] if arguments else command!r} to run")

    def deliver(alert: str) -> None:
        # In a session of its own: Ctrl-C is meant for us, and its output would end in the middle of ours.
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.communicate(alert.encode() + b"\n", TIMEOUT)
        except subprocess.TimeoutExpired:
            raise DeliveryError(f"{arguments[0]} took longer than {TIMEOUT:g} s") from None
        finally:
            if process.poll() is None:
                _kill(process)
        if process.returncode:
            raise DeliveryError(f"{arguments[0]} ended with status {process.returncode}")

    return _with_errors(deliver)


def to_url(url: str) -> Deliver:
    """Return what posts each alert to a URL; ValueError where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"expected a URL such as https://example.org/alerts, not {url!r}")

    def deliver(alert: str) -> None:
        request = urllib.request.Request(url, alert.encode(), {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            pass

    return _with_errors(deliver)


def _with_errors(deliver: Deliver) -> Deliver:
    """Let whatever goes wrong on the way be a DeliveryError in a few words."""

    def tried(alert: str) -> None:
        try:
            deliver(alert)
        except urllib.error.HTTPError as error:
            error.close()
            raise DeliveryError(f"the server answers {error.code} {error.reason}") from None
        except urllib.error.URLError as error:
            raise DeliveryError(str(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryError(str(getattr(error, "strerror", None) or error)) from None

    return tried


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a command with all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
