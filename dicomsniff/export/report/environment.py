"""Templates that escape every value: markup that a peer sent is shown, and does nothing."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dicomsniff import __version__
from dicomsniff.printable import printable
from dicomsniff.privacy.gate import Privacy


def environment() -> Environment:
    """Return what renders the pages' templates."""
    made = Environment(
        autoescape=True,
        finalize=_finalized,
        loader=PackageLoader("dicomsniff.export.report"),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    style = files("dicomsniff.export.report").joinpath("templates/style.css").read_text("utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    # The page may do nothing but apply this style: no script, no request, whatever a value manages to be.
    made.globals |= {"style": Markup(style), "style_hash": f"sha256-{digest}", "version": __version__}
    return made


def privacy_text(privacy: Privacy) -> str:
    """Say what was withheld."""
    if privacy.keep_phi:
        return "Protected health information was kept: handle this as the patient's record."
    withheld = ["protected health information"]
    withheld += ["UIDs"] if privacy.redact_uids else []
    withheld += ["names of the network"] if privacy.redact_network else []
    return f"Withheld: {', '.join(withheld)}."


def _finalized(value: Any) -> Any:
    """Make visible what would change how text is shown, such as control characters, before markup is escaped."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
