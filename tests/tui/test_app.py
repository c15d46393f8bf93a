"""Walking through captures with keys and mouse, in small and large terminals."""

from pathlib import Path

import pytest
from textual.widgets import Input

import build
from dicomsniff.filter.selection import Selection
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.span import Span
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.filter_line import FilterLine
from dicomsniff.tui.key_help import KeyHelp
from dicomsniff.tui.messages import CaptureAdvanced, CaptureEnded
from dicomsniff.tui.session import UNSELECTED
from dicomsniff.tui.value_view import ValueView
from findings.traffic import with_client
from tui.screens import LARGE, SMALL, both_sizes, chooses, exchange, opened, overview, press, screen_text, settle, until


@both_sizes
async def test_the_first_screen_answers_who_and_how_it_went(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "c-echo.pcap", size) as (app, _):
        shown = screen_text(app)
        assert "ECHOSCU → STORESCP" in shown
        assert "released: 1 C-ECHO, Success" in shown
        assert "the association went well; 1 C-ECHO" in shown.splitlines()[0]
        assert "SHOWN" in shown.splitlines()[0], "of patient data"


@both_sizes
async def test_enter_goes_deeper_and_escape_back(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "c-echo.pcap", size) as (app, pilot):
        assert app.focused is overview(app).table
        await press(pilot, "enter")
        assert app.focused is exchange(app).ladder
        await press(pilot, "down", "down", "enter")
        assert app.focused is exchange(app).fields
        assert "Command set  68 B" in screen_text(app)
        assert "1.2.840.1000" in screen_text(app), "the bytes are beside the fields"
        await press(pilot, "escape")
        assert app.focused is exchange(app).ladder
        await press(pilot, "escape")
        assert app.focused is overview(app).table


async def test_keys_pressed_faster_than_the_screen_follows_still_count(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await pilot.press("enter", "down", "down", "enter", "down")
        await settle(pilot)
        assert (exchange(app).ladder.cursor, exchange(app).fields.cursor) == (2, 1)


@both_sizes
async def test_tab_visits_every_pane_and_shows_it(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "c-echo.pcap", size) as (app, pilot):
        visited = []
        await press(pilot, "2")
        for _ in range(3):
            visited.append(app.focused)
            assert app.focused is not None
            assert app.focused.region.area > 0
            await press(pilot, "tab")
        assert visited == list(exchange(app).order)
        assert app.focused is exchange(app).ladder
        await press(pilot, "shift+tab")
        assert app.focused is exchange(app).bytes


async def test_a_terminal_made_smaller_keeps_the_focused_pane_in_sight(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", LARGE) as (app, pilot):
        await press(pilot, "enter", "enter")
        await pilot.resize_terminal(*SMALL)
        await settle(pilot)
        assert app.focused is exchange(app).fields
        assert exchange(app).fields.region.width >= 78
        assert not exchange(app).ladder.display
        await pilot.resize_terminal(*LARGE)
        await settle(pilot)
        assert exchange(app).ladder.display


async def test_a_field_highlights_its_bytes(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap") as (app, pilot):
        await press(pilot, "enter", "enter")
        fields = exchange(app).fields
        while fields.selected.name != "Called-AE-title":
            await press(pilot, "down")
        assert exchange(app).bytes.border_subtitle == "16 bytes from 0xa"
        highlighted = exchange(app).bytes.styled("highlight").bgcolor
        strip = exchange(app).bytes.render_line(1)
        text = "".join(segment.text for segment in strip if segment.style and segment.style.bgcolor == highlighted)
        assert text.startswith("53 54 4f 52 45 53"), "STORES"


async def test_a_click_on_a_byte_selects_its_field(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap") as (app, pilot):
        await press(pilot, "2")
        await pilot.click(exchange(app).bytes, offset=(9, 2))
        await settle(pilot)
        assert exchange(app).fields.selected.name == "PDU-type"
        await pilot.click(exchange(app).bytes, offset=(9 + 8 * 3 + 1 + 2 * 3, 2))
        await settle(pilot)
        assert exchange(app).fields.selected.name == "Called-AE-title"


async def test_every_byte_can_be_chosen_by_keys_also_inside_a_sequence(samples: Path) -> None:
    async with opened(samples / "mpps.pcap") as (app, pilot):
        view = exchange(app)
        await press(pilot, "2", *["down"] * 2, "enter", "tab", "end")
        chosen = []
        while len(chosen) < 40:
            block, place = view.bytes.chosen
            await press(pilot, "enter")
            field = view.fields.selected
            assert field.start <= place < field.end
            assert field.block == block
            narrower = [row for row in view.fields.rows if row.block == block and row.start <= place < row.end]
            assert field.end - field.start == min(row.end - row.start for row in narrower)
            chosen.append((place, field.depth))
            view.bytes.show_octets(block, place, place + 1)  # selecting the field has gone to its first byte
            await press(pilot, "left")
        assert [place for place, _ in chosen] == list(range(chosen[0][0], chosen[0][0] - 40, -1))
        assert {depth for _, depth in chosen} > {0}


async def test_a_click_selects_and_a_double_click_opens(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap") as (app, pilot):
        await press(pilot, "2")
        await pilot.click(exchange(app).ladder, offset=(30, 4))
        await settle(pilot)
        assert exchange(app).ladder.cursor == 2
        await pilot.click(exchange(app).ladder, offset=(30, 5), times=2)
        await settle(pilot)
        assert exchange(app).ladder.cursor == 3
        assert app.focused is exchange(app).fields


async def test_enter_on_a_field_shows_its_whole_value(samples: Path) -> None:
    async with opened(samples / "c-find-worklist.pcap", SMALL) as (app, pilot):
        await press(pilot, "enter", "down", "down", "enter", "down", "enter")
        assert isinstance(app.screen, ValueView)
        await press(pilot, "escape")
        assert app.focused is exchange(app).fields


async def test_the_filter_works_as_it_is_typed(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, pilot):
        table = overview(app).table
        await press(pilot, "slash", *"notHere")
        assert isinstance(app.focused, Input)
        assert [association.acceptor.ae_title for association in app.session.listing.listed] == ["NOTHERE"]
        assert app.session.shown is app.session.listing.listed[0]
        assert "Associations (1 of 10)" in screen_text(app)
        await press(pilot, "enter")
        assert app.focused is table
        await press(pilot, "escape")
        assert len(app.session.listing.listed) == 10
        assert app.session.shown is app.session.association, "the selection outlives the filter"
        assert app.session.association.acceptor.ae_title == "NOTHERE"


async def test_a_filter_nothing_matches_says_so_and_leaves_an_empty_exchange(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "slash", *"qqq")
        assert "no association matches the filter" in screen_text(app)
        assert app.session.shown is None
        await press(pilot, "escape")
        assert app.session.shown is not None


async def test_the_filter_knows_titles_addresses_outcomes_services_and_sop_classes(samples: Path) -> None:
    async with opened(samples / "c-store.pcap", SMALL) as (app, _):
        for text in ("ct image", "10.20.0.1", "released", "c-store", "storescp corpusscu", "1.2.840.10008.5"):
            app.session.set_filter(text)
            assert len(app.session.listing.listed) == 1, text
            app.session.set_filter(f"{text} nowhere")
            assert not app.session.listing.listed


async def test_n_and_p_walk_from_problem_to_problem(samples: Path) -> None:
    async with opened(samples / "association-aborted.pcap", SMALL) as (app, pilot):
        await press(pilot, "n")
        forward = [(app.session.association.id, app.session.place)]
        while True:
            await press(pilot, "n")
            if (place := (app.session.association.id, app.session.place)) == forward[-1]:
                break
            forward.append(place)
        assert forward[-1][0] == 3, "into the last association"
        await press(pilot, "p")
        assert (app.session.association.id, app.session.place) < forward[-1]


async def test_findings_lead_to_their_entries(samples: Path) -> None:
    async with opened(samples / "mal-data-before-command.pcap", SMALL) as (app, pilot):
        await press(pilot, "f")
        assert "fragment-stray" in screen_text(app)
        await press(pilot, "enter")
        assert app.session.entry.event.lack.text == "a data set fragment with no command before it"
        assert app.focused is exchange(app).ladder


async def test_an_association_without_findings_says_so(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "f")
        assert "nothing was found" in screen_text(app)
        await press(pilot, "enter")


async def test_a_finding_says_what_it_means_and_what_to_do(samples: Path) -> None:
    async with opened(samples / "no-answer.pcap", SMALL) as (app, pilot):
        await press(pilot, "f")
        shown = " ".join(line.strip(" ┃│") for line in screen_text(app).splitlines())
        for text in (
            "so something listens there; it never spoke DICOM",
            "gave no answer to A-ASSOCIATE-RQ",
            "PS3.8 §7.1",
        ):
            assert text in shown


@both_sizes
async def test_the_findings_of_the_whole_capture_are_listed_by_kind(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "no-answer.pcap", size) as (app, pilot):
        await press(pilot, "f")
        shown = screen_text(app)
        assert "both associations are in trouble" in shown
        assert "└ the application of ECHOSCU" in shown, "what follows from a cause is below it"
        await press(pilot, "down", "down", "enter")
        assert app.session.association.id == 2
        assert app.session.entry.event.name == "A-ABORT"
        await press(pilot, "b")
        assert app.session.view == "findings"


async def test_findings_about_the_capture_are_listed_and_lead_nowhere(tmp_path: Path) -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    web = build.Talk(client=("10.0.0.1", 4711), server=("10.0.0.2", 80)).open()
    web.client(b"GET / HTTP/1.1\r\n\r\n")
    path = tmp_path / "both.pcap"
    path.write_bytes(build.pcap(build.frames([*talk.close().packets, *web.close().packets])))
    async with opened(path, SMALL) as (app, pilot):
        await press(pilot, "f")
        assert "N    all" in screen_text(app)
        assert "HTTP" in screen_text(app)
        await press(pilot, "enter")
        assert app.session.view == "findings"


async def test_a_finding_about_the_capture_leads_to_the_message_it_names(samples: Path) -> None:
    class Placed(Finding, frozen=True):
        association: int | None = None
        number: int | None = None

        @property
        def message_number(self) -> int | None:
            return self.number

    nowhere = Span(0, 0, 0, 0, 0)
    found = Placed("move-incomplete", Severity.ERROR, "less came", "", nowhere, association=2, number=3)
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        app.capture.analyzer.findings = [found]
        await press(pilot, "f")
        assert "E      2" in screen_text(app)
        await press(pilot, "enter")
        assert app.session.association.id == 2
        assert app.session.entry.event.number == 3


async def test_associations_given_up_to_bound_memory_leave_the_list(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, pilot):
        await press(pilot, "G", "up")
        app.show_progress(CaptureAdvanced([], None, None, app.session.listing.all[5:]))
        await settle(pilot)
        assert [association.id for association in app.session.listing.listed] == [6, 7, 8, 9, 10]
        assert app.session.association.id == 9
        app.show_progress(CaptureAdvanced([], None, None, app.session.listing.all[:1]))
        await settle(pilot)
        assert app.session.shown.id == 6
        await press(pilot, "2")
        assert exchange(app).fields.detail.title == "A-ASSOCIATE-RQ"


async def test_brackets_step_through_the_exchange_from_the_fields(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "enter", "enter", "right_square_bracket", "right_square_bracket")
        assert app.focused is exchange(app).fields
        assert "Fields of C-ECHO-RQ 1" in screen_text(app)
        await press(pilot, "left_square_bracket")
        assert "Fields of A-ASSOCIATE-AC" in screen_text(app)


async def test_home_and_end_go_to_the_ends_of_a_long_exchange(long_capture: Path) -> None:
    async with opened(long_capture, SMALL) as (app, pilot):
        ladder = exchange(app).ladder
        await press(pilot, "enter", "G")
        assert ladder.count == 1004
        assert ladder.cursor == 1003
        assert "A-RELEASE-RP" in screen_text(app)
        await press(pilot, "p")
        assert ladder.cursor == 1001
        await press(pilot, "g")
        assert ladder.cursor == 0
        await press(pilot, "pagedown", "pageup", "end", "home")
        assert ladder.cursor == 0


async def test_only_rows_in_sight_are_drawn(long_capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(long_capture, SMALL) as (app, pilot):
        drawn: list[int] = []
        row = exchange(app).ladder.row
        monkeypatch.setattr(exchange(app).ladder, "row", lambda index, width: drawn.append(index) or row(index, width))
        await press(pilot, "enter", "G")
        assert len(set(drawn)) < 60


async def test_text_from_the_wire_is_shown_and_not_obeyed(hostile_capture: Path) -> None:
    async with opened(hostile_capture, SMALL) as (app, pilot):
        assert "[/red]" in screen_text(app)
        assert "[bold]PACS[/]" in screen_text(app)
        await press(pilot, "enter", "down", "down", "enter", "G")
        shown = screen_text(app)
        assert "\x1b" not in shown
        assert "[red]A^\\x1b[2JB" in shown
        assert "one\\r\\ntwo" in shown
        await press(pilot, "enter")
        assert isinstance(app.screen, ValueView)
        await press(pilot, "escape", "escape", "f")
        assert "[blink]full" in screen_text(app)


async def test_help_names_every_key(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "question_mark")
        assert isinstance(app.screen, KeyHelp)
        assert "how the capture went, and its associations" in screen_text(app), "of the view one is in"
        await press(pilot, "escape", "2", "question_mark")
        assert "what was said, message by message" in screen_text(app)
        await press(pilot, "end")
        await until(pilot, lambda: "quit" in screen_text(app))
        await press(pilot, "escape")
        assert not isinstance(app.screen, KeyHelp)


async def test_a_capture_without_dicom_says_what_it_holds(tmp_path: Path) -> None:
    talk = build.Talk(server=("10.0.0.2", 80)).open()
    talk.client(b"GET / HTTP/1.1\r\n\r\n")
    path = tmp_path / "web.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    async with opened(path, LARGE) as (app, pilot):
        assert "no DICOM association in this capture; 4 packets; 1 TCP connection (1 HTTP)" in screen_text(app)
        await press(pilot, "enter", "enter", "enter", "tab", "n", "p", "f", "G", "escape", "right_square_bracket")


async def test_a_capture_cut_off_says_where(samples: Path, tmp_path: Path) -> None:
    whole = (samples / "c-echo.pcap").read_bytes()
    path = tmp_path / "cut.pcap"
    path.write_bytes(whole[:-5])
    async with opened(path) as (app, _):
        assert "the file ends" in screen_text(app)


async def test_a_file_that_vanished_is_said_in_the_detail(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "gone.pcap"
    path.write_bytes((samples / "c-echo.pcap").read_bytes())
    async with opened(path) as (app, pilot):
        path.unlink()
        await press(pilot, "enter", "down")
        assert "bytes not shown" in screen_text(app)
        # Wherever the line is broken: how long the path is depends on where temporary files go.
        assert "No such file" in next(row.value for row in exchange(app).fields.rows if row.name == "bytes not shown")


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quits(samples: Path, key: str) -> None:
    async with opened(samples / "c-echo.pcap") as (app, pilot):
        await pilot.press(key)
        await pilot.pause()
        assert not app.is_running or app._exit


async def test_what_is_read_while_the_screen_is_taken_down_ends_nothing(samples: Path) -> None:
    """Quitting removes the widgets; what the reading thread posted before may come after."""
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await app.screen.remove_children()
        app.post_message(CaptureAdvanced(app.capture.associations, None))
        app.post_message(CaptureEnded(""))
        await pilot.pause()


async def test_what_may_identify_a_patient_is_withheld_until_it_is_asked_for(tmp_path: Path) -> None:
    stored = build.message(3, build.store_rq(), build.element(0x00100010, b"Doe^Jane"))
    (path := tmp_path / "store.pcap").write_bytes(build.pcap(build.frames(with_client(stored))))
    async with opened(path, privacy=Privacy()) as (app, pilot):
        await press(pilot, "enter", "down", "down", "enter", "end")
        assert "patient data hidden (P)" in screen_text(app)
        assert "PatientName-1 (Xxx^Xxxx)" in screen_text(app)
        assert "Doe^Jane" not in screen_text(app)
        await press(pilot, "P", "end")
        assert "patient data SHOWN (P)" in screen_text(app)
        assert "Doe^Jane" in screen_text(app)


async def test_no_view_calls_healthy_what_a_filter_hides(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, pilot):
        await press(pilot, "1", "slash", *"nowhere", "enter")
        for key in "2", "3", "7":
            await press(pilot, key)
            assert UNSELECTED in screen_text(app)
        for key, said in (
            ("4", "no object was sent by C-STORE"),
            ("5", "nothing was waited for"),
            ("6", "nothing was found"),
        ):
            await press(pilot, key)
            assert f"{said} in the associations that the filter lets through" in screen_text(app)


async def test_a_filter_compares_fields_and_says_where_it_cannot_be_understood(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", LARGE) as (app, pilot):
        line = app.query_one(FilterLine)
        await press(pilot, "slash")
        line.input.value = "called == NOTHERE"
        await settle(pilot)
        assert [association.acceptor.ae_title for association in app.session.listing.listed] == ["NOTHERE"]
        line.input.value += " and"
        await settle(pilot)
        assert "expected a field or a word at the end, at character 22" in screen_text(app)
        assert len(app.session.listing.listed) == 1, "what was understood last stays"
        line.input.value += " ae ~ ECHO"
        await settle(pilot)
        assert "at character" not in screen_text(app)
        app.session.set_filter("data[PatientID] == 1")
        assert "show --filter" in app.session.listing.filter.problem


async def test_what_the_program_was_asked_to_show_bounds_the_filter(samples: Path) -> None:
    with Capture(samples / "association-rejected.pcap") as capture:
        asked = AssociationFilter(capture.found, Selection(associations=[2, 3]))
        asked.take("ECHOSCU")
        assert [each.id for each in capture.associations if chooses(asked, each)] == [2, 3]
    asked.take("WRONGAE")
    assert not any(chooses(asked, each) for each in capture.associations[1:])
