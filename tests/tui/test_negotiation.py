"""The view of a negotiation: what its heading says of it."""

from pathlib import Path

import pytest

import build
from dicomsniff.dimse.message import Message
from tui.screens import SMALL, opened, press


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("association-rejected.pcap", "1  1 context, none answered"),
        ("tls.pcap", "1  no contexts"),
        ("contexts-all-refused.pcap", "1  all 128 contexts refused"),
    ],
)
async def test_the_heading_says_how_many_contexts_were_refused_if_any_was_answered(
    samples: Path, name: str, said: str
) -> None:
    async with opened(samples / name, SMALL) as (app, pilot):
        await press(pilot, "3")
        title = str(app.workspace.current.pane.border_title)
        assert title.startswith(said)
        assert ("max PDU" in title) is (name != "tls.pcap")


async def test_contexts_that_were_used_come_first_and_the_one_of_the_selected_message_is_explained(
    tmp_path: Path,
) -> None:
    talk = build.Talk().open()
    numbers = range(1, 41, 2)
    talk.client(build.associate_rq(*(build.proposal(number, build.CT_IMAGE_STORAGE) for number in numbers)))
    talk.server(build.associate_ac(*(build.answer(number) for number in numbers)))
    for message, context in enumerate((21, 35), start=1):
        talk.client(build.message(context, build.echo_rq(message)))
        talk.server(build.message(context, build.echo_rsp(message)))
    path = tmp_path / "used.pcap"
    path.write_bytes(build.pcap(build.frames(talk.close().packets)))
    async with opened(path, SMALL) as (app, pilot):
        await press(pilot, "3")
        view = app.workspace.views["negotiation"]
        assert [row.context.id for row in view.matrix.rows[:4]] == [21, 35, 1, 3]
        messages = [entry for entry in app.session.entries if isinstance(entry.event, Message)]
        await press(pilot, "2")
        app.session.select_entry(messages[-1])
        await press(pilot, "3")
        assert view.matrix.selected.context.id == 35
        assert view.context.detail.title == "Context 35"
        await press(pilot, "left_square_bracket", "left_square_bracket")
        assert view.matrix.selected.context.id == 21
