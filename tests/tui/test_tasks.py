"""What people open a capture for, in how many keys from opening it, in every size of terminal."""

from pathlib import Path

import build
from tui.screens import every_size, opened, press, screen_text


def said(text: str) -> str:
    """What the screen says, without borders, scroll bars and line breaks."""
    return " ".join(" ".join(line.strip(" ┃│┏━┓╭─╮╰╯┗┛▁▂▃▄▅▆▇█").split()) for line in text.splitlines())


@every_size
async def test_why_was_it_rejected_takes_no_key(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "association-rejected.pcap", size, touched=False) as (app, _):
        assert "called AE title not recognized (its application rejected it; permanent)" in said(screen_text(app))
        assert "association-rejected, PS3.8 §9.3.4" in screen_text(app)


@every_size
async def test_why_was_the_ninth_association_of_ten_rejected_takes_two_keys_at_most(
    samples: Path, size: tuple[int, int]
) -> None:
    async with opened(samples / "association-rejected.pcap", size, touched=False) as (app, pilot):
        await press(pilot, "end", "up")
        assert app.session.association.id == 9
        finding = app.capture.found.of(app.session.association).causes[0]
        assert finding.message in " ".join(said(screen_text(app)).split())


@every_size
async def test_which_contexts_were_refused_and_what_follows_takes_one_key(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "contexts-all-refused.pcap", size, touched=False) as (app, pilot):
        await press(pilot, "3")
        shown = screen_text(app)
        assert "contexts refused" in shown
        assert "no context was accepted: nothing can be exchanged" in said(shown)
        assert "✗" in shown


@every_size
async def test_which_c_stores_belong_to_this_c_move_takes_one_key(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "c-move.pcap", size, touched=False) as (app, pilot):
        await press(pilot, "l")
        assert "3 C-STOREs in association 2, 3 kept" in screen_text(app)


@every_size
async def test_which_image_failed_and_why_with_its_whole_uid_takes_one_key(
    stored_capture: Path, size: tuple[int, int]
) -> None:
    async with opened(stored_capture, size, touched=False) as (app, pilot):
        await press(pilot, "4")
        shown = screen_text(app)
        assert f"{build.STUDY}.2" in shown
        assert "Failure 0xA700 (Refused: Out of Resources)" in shown
        assert "disk full" in shown


@every_size
async def test_where_30_seconds_went_among_12_associations_takes_one_key(
    slow_capture: Path, size: tuple[int, int]
) -> None:
    async with opened(slow_capture, size, touched=False) as (app, pilot):
        await press(pilot, "5")
        assert "30.2 s acceptor thinking to answer C-ECHO-RQ 2, association 7" in screen_text(app)
