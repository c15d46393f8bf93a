"""UIDs of the wire -> names of files and directories, in which nothing can lead elsewhere."""

import re
from hashlib import blake2b

from dicomsniff.dimse.command import MAX_UID

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)


def uid_name(uid: str | None, what: str) -> str:
    """Return a name for what has a UID: the UID, where it is one; else what tells it apart from others.

    `what` names it where there is no UID that could: `object`, `study`.
    """
    if not uid:
        return f"{what}-without-uid"
    if len(uid) <= MAX_UID and _UID.fullmatch(uid):
        return uid
    digest = blake2b(uid.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{what}-with-odd-uid-{digest}"
