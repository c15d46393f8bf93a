"""A comparison -> one page of HTML, as reports are."""

from itertools import groupby

from dicomsniff.comparing.comparison import Compared
from dicomsniff.comparing.difference import Difference
from dicomsniff.comparing.subject import Subject
from dicomsniff.export.diff import SWAPPED, Diff, subject_text
from dicomsniff.export.report.environment import environment, privacy_text


class DiffHtml(Diff):
    """A table of what differs, for each weight."""

    def write(self) -> None:
        """Write the page."""
        comparison = self.comparison
        page = (
            environment()
            .get_template("diff.html")
            .render(
                compared=[self._compared(each) for each in comparison.compared],
                first_line=self.shown(self.first_line),
                names=[self.shown(name) for name in self.names],
                privacy=privacy_text(self.gate.privacy),
                sections=[
                    (weight.name.lower(), [self._row(each) for each in differences])
                    for weight, differences in groupby(comparison.differences, key=lambda each: each.weight)
                ],
                swapped=SWAPPED if comparison.looks_swapped else "",
            )
        )
        self.out.write(page)

    def _compared(self, compared: Compared) -> tuple[str, str]:
        return self._subject(compared.good, compared.good_count), self._subject(compared.bad, compared.bad_count)

    def _subject(self, subject: Subject | None, count: int) -> str:
        return self.shown(subject_text(subject, count)) if subject is not None else "nothing like it"

    def _row(self, difference: Difference) -> dict[str, str]:
        names = ("association", difference.associations), ("message", difference.messages)
        where = [f"{name} {' and '.join('none' if each is None else str(each) for each in numbers)}"
                 for name, numbers in names if any(numbers)]  # fmt: skip
        return {
            "about": self.shown(difference.about),
            "good": self.shown(difference.good),
            "bad": self.shown(difference.bad),
            "where": ", ".join(where),
        }
