"""The line of what is offered while a filter is typed."""

from collections.abc import Sequence

from textual.widgets import Static

from dicomsniff.filter.offers import Offer
from dicomsniff.tui.shown import Shown, shortened

GAP = 2
"""Cells between two offers."""
LONGEST = 64
"""Characters of an offer that are shown."""


def offers_text(offers: Sequence[Offer], chosen: int, width: int) -> Shown:
    """List offers from the chosen one on, which stands out, and what it means as far as there is room."""
    text = Shown("⇥ ", "bold")
    means = offers[chosen].means
    for place in range(chosen, len(offers)):
        said = shortened(offers[place].text, LONGEST)
        if place > chosen and text.cell_len + GAP + len(said) + len(" …") > width:
            text.append(" …")
            break
        text.append(" " * GAP if place > chosen else "").append(said, "reverse" if place == chosen else "")
    if means and text.cell_len + len(means) + 2 * GAP <= width:
        text.append(f"{' ' * GAP}({means})", "italic")
    text.truncate(width, overflow="ellipsis")
    return text


class OfferLine(Static):
    """Shows it; hidden where nothing is offered."""

    def __init__(self) -> None:
        super().__init__(id="offers")
        self.display = False

    def show(self, offers: Sequence[Offer], chosen: int = 0) -> None:
        """Show other offers."""
        self.display = bool(offers)
        if offers:
            self.update(offers_text(offers, chosen, (self.size.width or self.app.size.width) - 2))
