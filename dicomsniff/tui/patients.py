"""Whose the objects in sight are: read from the capture when they are first seen."""

from collections import OrderedDict
from collections.abc import Callable

from dicomsniff.association.association import Association
from dicomsniff.library import Capture
from dicomsniff.tui.object_list import ObjectRow
from dicomsniff.tui.said import gate

MAX_PATIENTS = 2000
"""Objects of which it is remembered, those that were read last."""
BEGINNING = 1 << 16
"""Bytes of a message that are read for it: the patient's elements come before most others."""
PATIENT_NAME, PATIENT_ID = 0x00100010, 0x00100020


class Patients:
    """Remembers, per object, the name and ID of its patient as far as they may be shown."""

    def __init__(self, capture: Capture, look: Callable[[Association], Association | None]) -> None:
        self._capture = capture
        self._look = look
        """Gives an association with its details, in whichever thread."""
        self._known: OrderedDict[ObjectRow, str] = OrderedDict()

    def of(self, stored: ObjectRow) -> str:
        """Return whose an object is; empty where that is not known, not yet, or not to be shown."""
        return self._known.get(stored, "") if gate().privacy.keep_phi else ""

    def is_due(self, stored: ObjectRow) -> bool:
        """Whether nobody has looked yet."""
        return stored not in self._known and gate().privacy.keep_phi and not self._capture.is_pipe

    def load(self, stored: ObjectRow) -> None:
        """Read it; what cannot be read is left empty, the exchange says why."""
        try:
            whole = stored.whole(self._look)
            decoded = self._capture.data_set(whole.association, whole.request, BEGINNING) if whole is not None else None
        except Exception:  # noqa: BLE001  whatever the bytes do to a decoder, the object is worth listing
            decoded = None
        elements = gate().filter(decoded).elements if decoded is not None else []
        texts = {each.tag: each.text for each in elements if each.depth == 0}
        said = [text for tag in (PATIENT_NAME, PATIENT_ID) if (text := texts.get(tag, ""))]
        self._known[stored] = ", ".join(said)
        if len(self._known) > MAX_PATIENTS:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Let go of everything: something else may be shown now."""
        self._known.clear()
