"""Findings -> SARIF 2.1.0 (OASIS), which code hosts and CI systems read; the rules are the catalogue."""

import os
from functools import cached_property
from typing import Any
from urllib.parse import quote

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.export.check_view import CheckView
from dicomsniff.export.json_text import json_text
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import shown
from dicomsniff.findings.rule import AnyRule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_INDEX = {rule.code: index for index, rule in enumerate(RULES)}


class Sarif(CheckView):
    """One run: the catalogue as its rules, the captures as artifacts, a result per finding, consequences too."""

    tells_findings = True
    _first = True

    @cached_property
    def _uris(self) -> list[str]:
        return [_uri(self.gate.file_name(name)) for name in self.asked.names]

    def association(self, association: Association) -> str:
        """Return a result per finding of an association."""
        where = f"association {association.id}"
        return "".join(self._results(finding, where, association.id) for finding in self.found(association).causes)

    def ends(self) -> tuple[str, str]:
        """Return the run around its results."""
        driver = {"name": "dicomsniff", "version": __version__, "rules": [_rule(rule) for rule in RULES]}
        run: dict[str, Any] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints"}
        run["artifacts"] = [{"location": {"uri": uri}, "roles": ["analysisTarget"]} for uri in self._uris]
        invocation: dict[str, Any] = {"executionSuccessful": not self.capture.truncated}
        if self.capture.truncated:
            said = {"level": "error", "message": {"text": f"the capture is cut off: {self.capture.truncated}"}}
            invocation["toolExecutionNotifications"] = [said]
        run["invocations"] = [invocation]
        head = "".join(f'  "{key}": {json_text(value)},\n' for key, value in run.items())
        before = f'{{"$schema": "{_SCHEMA}", "version": "2.1.0", "runs": [{{\n{head}  "results": ['
        whole = "".join(self._results(finding, "the capture", None) for finding in self.whole)
        return before, f"{whole}\n  ]}}]}}\n"

    def _results(self, finding: Finding, where: str, association: int | None) -> str:
        said = self._result(finding, where, association, None)
        return said + "".join(self._result(each, where, association, finding) for each in finding.followers)

    def _result(self, finding: Finding, where: str, association: int | None, cause: Finding | None) -> str:
        comma, self._first = "" if self._first else ",", False
        properties: dict[str, Any] = {"association": association, "messageNumber": finding.message_number}
        if finding.span.first_packet:
            properties |= {"firstPacket": finding.span.first_packet, "lastPacket": finding.span.last_packet}
        if cause is not None:
            properties["followsFrom"] = cause.code
        # Of several captures read as one, which holds the packet is not known: the first stands for all.
        place = {"physicalLocation": {"artifactLocation": {"uri": self._uris[0], "index": 0}},
                 "logicalLocations": [{"fullyQualifiedName": where}]}  # fmt: skip
        packet = f" (packet {finding.span.first_packet})" if finding.span.first_packet else ""
        result = {
            "ruleId": finding.code,
            "ruleIndex": _INDEX[finding.code],
            "level": str(finding.severity),
            "message": {"text": f"{where}: {shown(finding.line, self.gate)}{packet}"},
            "locations": [place],
            "properties": {key: value for key, value in properties.items() if value is not None},
        }
        return f"{comma}\n   {json_text(result)}"


def _rule(rule: AnyRule) -> dict[str, Any]:
    reference, demand = rule.clause
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.meaning} {reference}: {demand}" if reference else rule.meaning},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _uri(name: str) -> str:
    return "stdin" if name == "-" else quote(os.fsencode(name))
