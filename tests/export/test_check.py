"""What `check` writes and how it exits, in every format; what `rules` says."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

import build
from dicomsniff.commands import cli
from dicomsniff.export.rules import rule_lines
from dicomsniff.findings.catalogue import RULES

FORMS = ["text", "json", "jsonl", "sarif", "junit"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        status = cli.run([str(each) for each in arguments])
        out, err = capsys.readouterr()
        return int(status), out, err

    return call


@pytest.fixture
def crash(samples: Path) -> Path:
    return samples / "mal-pdu-length-too-short.pcap"


def test_findings_come_with_the_verdict_and_a_summary(run: Run, crash: Path) -> None:
    status, out, err = run("check", crash)
    lines = out.splitlines()
    assert (status, err) == (1, "")
    assert lines[0].startswith("association 1: MALSCU")
    assert lines[1].startswith("  unfinished")
    assert lines[2].startswith("  error: a PDV announces 108 bytes")
    assert all(line.startswith("    then ") for line in lines[3:-2])
    assert lines[-1].endswith("3 errors, 2 warnings in 1 association; fails at error")


def test_the_verdict_of_several_associations_comes_first_though_nothing_worse_than_a_warning_is_found(
    run: Run, tmp_path: Path
) -> None:
    talks = [build.Talk(client=("10.0.0.1", 40001 + number)).open() for number in range(2)]
    for talk in talks:
        talk.client(build.associate_rq(calling=""))
        talk.server(build.associate_ac(calling=""))
        talk.client(build.release_rq())
        talk.server(build.release_rp())
        talk.close()
    path = tmp_path / "blank.pcap"
    path.write_bytes(build.pcap(build.frames([packet for talk in talks for packet in talk.packets])))
    status, out, _ = run("check", path)
    assert (status, out.splitlines()[0].partition(": ")[2]) == (0, "both associations ended well; 2 warnings")


def test_a_healthy_capture_is_one_line(run: Run, samples: Path) -> None:
    assert run("check", samples / "c-echo.pcap", "--fail-on", "note") == (
        0,
        "capture-1.pcap: nothing found; passes at note\n",
        "",
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("sample", "fail_on", "status"),
    [
        ("c-echo", "note", 0),
        ("missing-segment", "error", 0),
        ("missing-segment", "warning", 1),
        ("association-rejected", "error", 1),
        ("c-get-pending", "warning", 0),
        ("c-get-pending", "note", 1),
    ],
)
def test_the_exit_status_says_whether_a_severity_was_reached(
    run: Run, samples: Path, form: str, sample: str, fail_on: str, status: int
) -> None:
    assert run("check", samples / f"{sample}.pcap", "--fail-on", fail_on, "--format", form)[0] == status


def test_json_holds_causes_with_their_consequences(run: Run, crash: Path) -> None:
    said = json.loads(run("check", crash, "--format", "json")[1])
    assert said["schema"] == "dicomsniff.check/1"
    (association,) = said["associations"]
    cause, *consequences = association["findings"]
    assert (cause["code"], cause["cause"]) == ("pdv-beyond-pdu", None)
    assert {each["code"] for each in consequences} >= {"pdu-header", "message-incomplete"}
    assert {each["cause"] for each in consequences} == {0}
    assert (said["counts"], said["failed"]) == ({"error": 3, "warning": 2, "note": 0}, True)


def test_json_lines_end_with_a_summary(run: Run, crash: Path) -> None:
    lines = [json.loads(line) for line in run("check", crash, "--format", "jsonl")[1].splitlines()]
    *findings, summary = lines
    assert {line["kind"] for line in findings} == {"finding"}
    assert [line["index"] for line in findings] == [*range(len(findings))]
    assert (summary["kind"], summary["failed"]) == ("summary", True)


def test_sarif_refers_to_the_catalogue_and_the_captures(run: Run, samples: Path, crash: Path) -> None:
    said = json.loads(run("check", crash, samples / "no-answer.pcap", "--format", "sarif", "--keep-phi")[1])
    assert said["version"] == "2.1.0"
    (found,) = said["runs"]
    rules = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in RULES]
    uris = [artifact["location"]["uri"] for artifact in found["artifacts"]]
    assert [uri.rsplit("/", 1)[1] for uri in uris] == ["mal-pdu-length-too-short.pcap", "no-answer.pcap"]
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] in uris
    followers = [result for result in found["results"] if "followsFrom" in result["properties"]]
    assert {"pdv-beyond-pdu", "peer-silent"} == {result["properties"]["followsFrom"] for result in followers}


def test_sarif_says_of_a_finding_only_what_it_has(run: Run, samples: Path) -> None:
    """One about the capture as a whole is of no association, and no property is null."""
    said = json.loads(run("check", samples / "c-move-nothing-sent.pcap", "--format", "sarif", "--keep-phi")[1])
    about = [result for result in said["runs"][0]["results"] if result["ruleId"] == "move-without-objects"]
    assert [sorted(result["properties"]) for result in about] == [["firstPacket", "lastPacket", "messageNumber"]]
    assert not [result for result in said["runs"][0]["results"] if None in result["properties"].values()]


def test_sarif_says_whether_the_capture_was_read_to_its_end(run: Run, samples: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes((samples / "c-echo.pcap").read_bytes()[:-7])
    for path, whole in ((samples / "c-echo.pcap", True), (cut, False)):
        (found,) = json.loads(run("check", path, "--format", "sarif", "--keep-phi")[1])["runs"]
        (invocation,) = found["invocations"]
        assert invocation["executionSuccessful"] is whole
        assert len(invocation.get("toolExecutionNotifications", [])) == (not whole)


def test_junit_names_the_first_of_several_failures(run: Run, tmp_path: Path) -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1), build.proposal(3, "1.2.3", (build.IMPLICIT, build.IMPLICIT))))
    talk.server(build.associate_ac(build.answer(1), build.answer(3)))
    talk.client(build.message(1, build.echo_rq()))
    talk.server(build.message(1, build.echo_rsp(status=0x0122)))
    path = tmp_path / "two.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    call = ("check", path, "--fail-on", "note", "--format")
    (association,) = json.loads(run(*call, "json")[1])["associations"]
    codes = [finding["code"] for finding in association["findings"]]
    assert len(set(codes)) > 1
    assert next(ElementTree.fromstring(run(*call, "junit")[1]).iter("failure")).get("type") == codes[0]


def test_junit_gives_no_negative_duration(run: Run, tmp_path: Path) -> None:
    """The clock of the capture was set back by an hour after the first packets."""
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.wait(-3600 * 10**9)
    talk.server(build.associate_ac())
    path = tmp_path / "back.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    root = ElementTree.fromstring(run("check", path, "--format", "junit")[1])
    times = [float(case.get("time", "")) for case in root.iter("testcase")]
    assert len(times) == 2
    assert min(times) >= 0


def test_junit_has_a_case_per_association(run: Run, samples: Path) -> None:
    root = ElementTree.fromstring(run("check", samples / "association-aborted.pcap", "--format", "junit")[1])
    cases = root.findall("./testsuite/testcase")
    assert [case.get("name", "").split(":")[0] for case in cases] == [
        "association 1",
        "association 2",
        "association 3",
        "the capture",
    ]
    assert [failure.get("type") for failure in root.iter("failure")] == [
        "pdu-type-unknown",
        "pdu-unexpected",
        "pdu-unexpected",
    ]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "3", "0")


def hostile(comment: bytes) -> bytes:
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1), calling="<&]]>"))
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq()))
    values = {0x0002: build.VERIFICATION, 0x0100: 0x8030, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0x0110, 0x0902: comment}
    talk.server(build.message(1, build.command_set(values)))
    return build.pcap(build.frames(talk.packets))


@pytest.mark.parametrize("form", FORMS)
def test_what_peers_say_cannot_break_the_format(run: Run, tmp_path: Path, form: str) -> None:
    path = tmp_path / "hostile ü.pcap"
    path.write_bytes(hostile(b'\x00\x1b[31m"<&]]>\xff\n' + b"x" * 8))
    status, out, err = run("check", path, "--format", form)
    assert (status, err) == (1, "")
    assert "\x1b" not in out
    assert "\x00" not in out
    if form == "junit":
        ElementTree.fromstring(out)
    elif form in ("json", "sarif"):
        json.loads(out)


def test_a_cut_capture_is_checked_as_far_as_it_goes(run: Run, samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes((samples / "association-rejected.pcap").read_bytes()[:-7])
    status, out, err = run("check", path)
    assert status == 3
    assert "association-rejected" in out
    assert "cut off" in err
    root = ElementTree.fromstring(run("check", path, "--format", "junit")[1])
    assert root.get("errors") == "1"


def test_the_report_goes_to_a_file(run: Run, crash: Path, tmp_path: Path) -> None:
    status, out, _ = run("check", crash, "--format", "sarif", "-o", tmp_path / "report.sarif")
    assert (status, out) == (1, "")
    json.loads((tmp_path / "report.sarif").read_text(encoding="utf-8"))


@pytest.mark.parametrize("arguments", [("nowhere.pcap",), ("nowhere.pcap", "--format", "sarif")])
def test_a_capture_that_is_none_is_unreadable(run: Run, arguments: tuple[str, ...]) -> None:
    status, out, err = run("check", *arguments)
    assert (status, out) == (3, "")
    assert err == "dicomsniff: nowhere.pcap: No such file or directory\n"


def test_an_unknown_severity_is_a_wrong_call(run: Run, crash: Path) -> None:
    assert run("check", crash, "--fail-on", "fatal")[0] == 2


def test_every_rule_is_listed_on_a_line(run: Run) -> None:
    status, out, _ = run("rules")
    lines = [line.split()[:2] for line in out.splitlines() if line.startswith("  ")]
    assert status == 0
    assert lines == [[rule.code, str(rule.severity)] for rule in RULES]


def test_a_rule_is_explained(run: Run) -> None:
    status, out, _ = run("rules", "segments-sent-again")
    assert status == 0
    assert out.startswith("segments-sent-again (note) [RFC 9293 §3.8.1]\nSegments were retransmitted\n")
    assert "\n\nRFC 9293 §3.8.1: A segment that is not acknowledged before the timeout is sent again.\n" in out
    assert "What to do: Where it is slow" in out


def test_a_rule_on_which_no_standard_says_anything_names_no_clause(run: Run) -> None:
    assert run("rules", "bytes-missing")[1].startswith(
        "bytes-missing (warning)\nBytes of the stream are missing from the capture\n\nThe receiver acknowledged them"
    )


def test_names_with_hyphens_are_not_broken() -> None:
    for rule in RULES:
        whole = f"{rule.meaning} {rule.remedy}".split()
        told = " ".join(rule_lines(rule)).split()
        assert [word for word in whole if word not in told] == [], rule.code


def test_rules_are_data(run: Run) -> None:
    listed = json.loads(run("rules", "--format", "json")[1])
    assert [rule["code"] for rule in listed] == [rule.code for rule in RULES]
    single = json.loads(run("rules", "pdu-header", "--format", "json")[1])
    assert single == next(rule for rule in listed if rule["code"] == "pdu-header")
    assert "pdv-beyond-pdu" in single["follows"]


def test_a_code_that_does_not_exist_names_the_nearest(run: Run) -> None:
    status, out, err = run("rules", "pdu-heeder")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "pdu-header" in err


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_what_it_means_and_what_to_do(rule) -> None:
    assert rule.code == rule.code.lower().replace(" ", "-").replace("_", "-")
    assert 10 < len(rule.title) <= 72
    assert not rule.title.endswith(".")
    assert rule.meaning.endswith((".", ".)"))
    assert len(rule.meaning) > 60
    assert rule.remedy.endswith(".")


def test_codes_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
