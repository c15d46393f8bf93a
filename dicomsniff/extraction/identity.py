"""Data sets without what identifies somebody: as long as before, and in the same encoding, so that they are valid."""

import zlib
from tempfile import SpooledTemporaryFile
from typing import IO

from dicomsniff.dictionary.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from dicomsniff.dimse.inflating import BLOCK, RAW_DEFLATE, Inflater
from dicomsniff.dimse.scan.scanner import Readable
from dicomsniff.privacy.eraser import Erasure, erase
from dicomsniff.privacy.gate import Privacy
from dicomsniff.privacy.stand_ins import StandIns

IN_MEMORY = 1 << 20
"""Bytes of a data set kept in memory; a longer one goes to a temporary file."""
_PIECE = 1 << 18


class DeIdentifier:
    """Overwrites values that the profile withholds; pixels stay, with whatever may be burnt into them."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy, self._stand_ins = privacy, StandIns(privacy.key)

    def uid(self, uid: str) -> str:
        """Return what is shown of a UID, as of those in data sets."""
        if not self._privacy.redact_uids and not set(uid) - set("0123456789."):
            return uid
        return self._stand_ins.uid(uid.encode("utf-8", "replace")).decode("utf-8", "replace")

    def hide(self, content: Readable, size: int, transfer_syntax: str, *, whole: bool) -> IO[bytes] | None:
        """Return the first `size` bytes of a data set as they may be shown; None where that is not certain.

        Without `whole` bytes that follow are missing.
        """
        if transfer_syntax != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
            return self._hidden(content, size, transfer_syntax, whole=whole)
        with _temporary() as inflated:
            inflater = Inflater()
            content.seek(0)
            while size > 0 and (block := content.read(min(size, BLOCK))):
                size -= len(block)
                inflated.writelines(inflater.feed(block))
            inflated.writelines(inflater.finish())
            if inflater.end_problem(whole=whole) or inflater.exceeded:
                return None
            plain = self._hidden(inflated, inflated.tell(), EXPLICIT_VR_LITTLE_ENDIAN, whole=whole)
        return None if plain is None else _deflated(plain)

    def _hidden(self, content: Readable, size: int, transfer_syntax: str, *, whole: bool) -> IO[bytes] | None:
        erasure = erase(content, size, transfer_syntax, self._privacy, self._stand_ins, whole=whole, keeps_bulk=True)
        return None if erasure.why else _overwritten(content, size, erasure)


def _overwritten(content: Readable, size: int, erasure: Erasure) -> IO[bytes]:
    out = _temporary()
    content.seek(0)
    while piece := content.read(min(_PIECE, size - out.tell())):
        out.write(piece)
    for hidden in erasure.hidden:
        out.seek(hidden.start)
        out.write((hidden.value or bytes(hidden.end - hidden.start))[: hidden.end - hidden.start])
    out.seek(0)
    return out


def _deflated(plain: IO[bytes]) -> IO[bytes]:
    out, stream = _temporary(), zlib.compressobj(wbits=RAW_DEFLATE)
    with plain:
        while piece := plain.read(_PIECE):
            out.write(stream.compress(piece))
    out.write(stream.flush())
    out.write(bytes(out.tell() & 1))  # PS3.5 §A.5: of even length
    out.seek(0)
    return out


def _temporary() -> IO[bytes]:
    return SpooledTemporaryFile(max_size=IN_MEMORY)
