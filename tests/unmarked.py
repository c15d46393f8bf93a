"""What the program says, as tests compare it: with every value as it was sent, without marks."""

from collections.abc import Iterator
from functools import wraps
from typing import Any

from dicomsniff.association.association import Association
from dicomsniff.association.moves import Move
from dicomsniff.export import follow, link_json, model_json, negotiation_json, negotiation_text, text
from dicomsniff.export.view import Asked
from dicomsniff.findings import retrieve, verdicts
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import plain
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.words import entries, links, negotiation
from pipeline import findings_of

KEPT = Privacy(keep_phi=True)
ASKED = Asked(privacy=KEPT)
GATE = Gate(KEPT)
"""Shows everything."""


def _line(said: Any) -> Any:
    return wraps(said)(lambda *args, **options: plain(said(*args, **options)))


def _lines(said: Any) -> Any:
    def lines(*args: Any, **options: Any) -> Iterator[str]:
        return (plain(line) for line in said(*args, **options))

    return wraps(said)(lines)


def _listed(said: Any) -> Any:
    return wraps(said)(lambda *args: [plain(line) for line in said(*args)])


def _json(said: Any) -> Any:
    return wraps(said)(lambda *args: said(*args, GATE))


entry_detail, query_text = _line(entries.entry_detail), _line(entries.query_text)
link_text, part_text = _line(links.link_text), _line(links.part_text)
role_text, finding_text, live_line = _line(negotiation.role_text), _line(text.finding_text), _line(follow.live_line)
association_lines, summary_lines = _lines(text.association_lines), _lines(text.summary_lines)
link_section, context_lines = _lines(text.link_section), _lines(negotiation_text.context_lines)
consequences, limits = _listed(negotiation.consequences), _listed(negotiation.limits)
association_json, command_json = _json(model_json.association_json), _json(model_json.command_json)
contexts_json, information_json = _json(negotiation_json.contexts_json), _json(negotiation_json.information_json)
links_json = _json(link_json.links_json)


def verdict(association: Association, found: Findings | None = None) -> str:
    """How an association went; one that did not come out of `analyze` brings what was found about it."""
    return plain(verdicts.verdict(association, findings_of(association) if found is None else found))


def reason(association: Association) -> str:
    """Why an association was in trouble."""
    return plain(verdicts.reason(association, findings_of(association)))


def explain_move(move: Move) -> str:
    """Why a C-MOVE brought less."""
    return plain(retrieve.why_less(move))
