"""Captures full of planted identifiers: a string that nothing else has in every place where a peer can put one."""

import struct
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
from pydicom.datadict import DicomDictionary, dictionary_has_tag, dictionary_VR

import build
from data_sets import BIG, DEFLATED, EXPLICIT, IMPLICIT, bare, deflate, item, long, short

LONG = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "UN", "UC", "UT", "UR", "SQ", "SV", "UV"])
CANARY = "PLNT"
"""What every planted text begins with: wherever it is found, something leaked."""
PRIVATE_CLASS = "1.2.826.0.1.3680043.9.7777.1"
MWL = "1.2.840.10008.5.1.4.31"
MPPS = "1.2.840.10008.3.1.2.3.3"
COMMITMENT = "1.2.840.10008.1.20.1"
ANNOTATION_BOX = "1.2.840.10008.5.1.1.15"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"
CDA = "1.2.840.10008.5.1.4.1.1.104.2"
SR = "1.2.840.10008.5.1.4.1.1.88.33"
IMAGE = build.CT_IMAGE_STORAGE
SYNTAXES = {EXPLICIT: "<", IMPLICIT: "<", BIG: ">", DEFLATED: "<"}
_TABLE = [each[0] << 16 | each[1] for each in table.ALL_TAGS if len(each) == 2]
_LEFT = frozenset(each[0] << 16 | each[1] for each in [*table.U_TAGS, *table.X_Z_U_STAR_TAGS])


def vr_of(tag: int) -> str:
    """The VR of an attribute; the table is of a later edition than the dictionary."""
    return dictionary_VR(tag).partition(" or ")[0] if dictionary_has_tag(tag) else "DT"


class Plants:
    """Makes planted values, and remembers which must not be found, by what they are."""

    def __init__(self, *, others: bool = False) -> None:
        self.others = others
        """Whether to plant other values of the same forms, and all else alike."""
        self.texts: dict[str, str] = {}
        """Texts that are withheld, each with the place where it was planted."""
        self.raw: dict[bytes, str] = {}
        """Bytes that are withheld and are no ASCII."""
        self.uids: dict[str, str] = {}
        self.network: dict[str, str] = {}
        self.kept: dict[str, str] = {}
        self._count = 0

    def number(self) -> int:
        self._count += 1
        return self._count

    def text(self, where: str, form: str = "{}") -> bytes:
        """Plant a text; `form` is what stands around it."""
        planted = self.disguised().decode()
        self.texts[planted] = where
        said = form.format(planted).encode()
        return said + b" " * (len(said) % 2)

    def word(self, where: str) -> bytes:
        """Plant a name of letters only, as it may stand in any sentence."""
        letters = "".join(chr(ord("a") + int(digit)) for digit in f"{self.number():04}")
        planted = f"{'Humboll' if self.others else 'Quantle'}{letters}"
        self.texts[planted] = where
        return planted.encode() + b" " * (len(planted) % 2)

    def disguised(self) -> bytes:
        """Plant a text that is shown as bytes at most."""
        return f"{'ZYXW' if self.others else CANARY}{self.number():04X}".encode()

    def keep(self, where: str) -> bytes:
        """Plant a text that is shown."""
        kept = f"KEEP{self.number():04X}"
        self.kept[kept] = where
        return kept.encode()

    def uid(self, where: str) -> bytes:
        planted = f"1.2.826.0.1.3680043.9.7777.2.{1000 + self.number()}"
        self.uids[planted] = where
        return planted.encode() + b"\0" * (len(planted) % 2)

    def title(self, where: str) -> str:
        planted = f"NETW{self.number():04X}"
        self.network[planted] = where
        return planted

    def value(self, where: str, vr: str) -> bytes:
        """Plant a value of a VR."""
        number = self.number()
        first, others = (date(1826, 1, 1), 1) if self.others else (date(1801, 1, 1), 0)
        digits = {
            "DA": (first + timedelta(days=number)).strftime("%Y%m%d"),
            "TM": f"11470{3 + others}.77{number:04}",
            "DT": f"1847021{3 + others}114703.88{number:04}",
            "AS": f"{(number + others) % 1000:03}Y",
            "DS": f"471{1 + others}.99{number:04}",
            "IS": f"934{7 + others}{number:05}",
        }.get(vr)
        if digits is not None:
            if vr != "AS":  # too short to be told from anything else
                self.texts[digits] = where
            return digits.encode() + b" " * (len(digits) % 2)
        if vr == "UI":
            return self.uid(where)
        if vr == "PN":
            return self.text(where, "{}^Jane")
        if vr in ("US", "SS", "UL", "SL", "AT", "FL", "FD", "OW", "OF", "OD", "OL", "OV", "SV", "UV"):
            return self.text(where).ljust(8)  # eight bytes, which are whole values of each of these
        return self.text(where)

    def bytes(self, where: str, value: bytes) -> bytes:
        """Plant bytes that are no ASCII."""
        self.raw[value] = where
        return value


def element(tag: int, vr: str, value: bytes, syntax: str) -> bytes:
    order = SYNTAXES[syntax]
    if syntax == IMPLICIT:
        return bare(tag, value)
    return (long if vr in LONG else short)(tag, vr, value, order=order)


Element = tuple[int, str, bytes]


def data_set(elements: Iterable[Element], syntax: str = EXPLICIT) -> bytes:
    """Elements in order of their tags, the value of a sequence in the transfer syntax already."""
    made = b"".join(element(*each, syntax) for each in sorted(elements))
    return deflate(made) if syntax == DEFLATED else made


def items(*each: list[Element], syntax: str = EXPLICIT) -> bytes:
    """The value of a sequence."""
    inner = EXPLICIT if syntax == DEFLATED else syntax
    return b"".join(item(data_set(elements, inner), order=SYNTAXES[syntax]) for elements in each)


def whole_table(plants: Plants, where: str, syntax: str, *, sequences: bool = True) -> Iterator[Element]:
    """Every attribute of the table; a sequence with an item in which everything is planted."""
    for tag in _TABLE:
        vr, place = vr_of(tag), f"{where} ({tag >> 16:04X},{tag & 0xFFFF:04X})"
        if vr != "SQ":
            yield tag, vr, plants.value(place, vr)
        elif sequences and tag not in _LEFT:
            inner: list[Element] = [
                (0x00080100, "SH", plants.text(place)),
                (0x00080104, "LO", plants.text(place)),
                (0x00180050, "DS", plants.value(place, "DS")),
            ]
            yield tag, vr, items(inner, syntax=syntax)


def disguised(plants: Plants) -> Iterator[Element]:
    """What is withheld, and UIDs, sent with VRs that are not theirs."""
    text = {tag for tag, row in DicomDictionary.items() if row[0] in ("PN", "LT", "ST", "UT", "UC", "UR", "UI")}
    for tag in sorted(text | set(_TABLE)):
        if dictionary_has_tag(tag) and dictionary_VR(tag) != "SQ" and tag >> 16 > 2:
            yield tag, ("UN", "LO", "UI", "OB", "DS")[tag % 5], plants.disguised()


def shown(plants: Plants, where: str) -> list[Element]:
    """What is shown by default."""
    return [
        (0x00080060, "CS", b"CT"),
        (0x00080070, "LO", plants.keep(f"{where}, Manufacturer")),
        (0x00280010, "US", struct.pack("<H", 512)),
        (0x00081115, "SQ", b""),
    ]


def patient(plants: Plants, where: str) -> list[Element]:
    return [
        (0x00100010, "PN", plants.text(where, "{}^Jane")),
        (0x00100020, "LO", plants.text(where)),
        (0x00100030, "DA", plants.value(where, "DA")),
    ]


def private(plants: Plants, where: str) -> list[Element]:
    return [
        (0x00090010, "LO", plants.text(f"{where}, private creator")),
        (0x00091001, "LO", plants.text(f"{where}, private element")),
        (0x00091002, "UN", plants.text(f"{where}, private UN")),
        (0x00091003, "CS", plants.text(f"{where}, private CS")),
        (0x00110010, "LO", b"GEMS_IDEN_01"),
        (0x00111001, "OB", plants.text(f"{where}, private OB")),
        (0x00080007, "SH", plants.text(f"{where}, unknown element")),
        (0x60004000, "LT", plants.text(f"{where}, overlay comments")),
        (0x50003000, "OB", plants.text(f"{where}, curve data")),
    ]


def character_sets(plants: Plants) -> Iterator[list[Element]]:
    """Names in encodings other than ASCII."""
    names = {
        b"\\ISO 2022 IR 87": ("山田^太郎", "iso2022_jp"),
        b"ISO_IR 100": ("Müßßler^Jörg", "latin-1"),
        b"ISO_IR 192 ": ("Żółkiewski^Łukasz", "utf-8"),
        b"GB18030 ": ("王^小东镕", "gb18030"),
        b"\\ISO 2022 IR 149": ("김희중", "euc_kr"),
        b"ISO_IR 166": ("สมชาย", "tis-620"),
    }
    for charset, (name, encoding) in names.items():
        raw = (b"\x1b$)C" if encoding == "euc_kr" else b"") + name.encode(encoding)
        for part in name.split("^"):
            plants.texts[part] = f"name in {charset.decode()}"
        plants.bytes(f"bytes of a name in {charset.decode()}", raw)
        raw += b" " * (len(raw) % 2)
        charset += b" " * (len(charset) % 2)
        yield [(0x00080005, "CS", charset), (0x00100010, "PN", raw), (0x00104000, "LT", raw), (0x00101040, "LO", raw)]


def documents(plants: Plants) -> Iterator[tuple[str, list[Element]]]:
    """Documents in bulk, of which short ones would be shown in-line; structured reports; other bulk of text."""
    for sop_class, kind in ((PDF, "PDF"), (CDA, "CDA")):
        for filler in (0, 500):
            yield sop_class, [(0x00420011, "OB", plants.text(kind, "<%PDF {}>" + "." * filler))]
    content: list[Element] = [
        (0x0040A010, "CS", b"CONTAINS"),
        (0x0040A040, "CS", b"TEXT"),
        (0x0040A123, "PN", plants.text("SR, name")),
        (0x0040A120, "DT", plants.value("SR, date", "DT")),
        (0x0040A160, "UT", plants.text("SR, text")),
    ]
    deeper: list[Element] = [*content, (0x0040A730, "SQ", items(content))]
    yield SR, [(0x0040A730, "SQ", items(deeper)), (0x0040A160, "UT", plants.text("SR, text outside"))]
    step: list[Element] = [(0x00400007, "LO", plants.text("step description")), (0x0040A160, "UT", plants.text("text"))]
    yield IMAGE, [(0x00081111, "SQ", items(step)), (0x00400270, "SQ", items([*step, *private(plants, "item")]))]


# Messages


class Side:
    """Both sides of one association: what they say goes into a talk."""

    def __init__(self, plants: Plants, number: int, classes: Iterable[str], syntax: str, *user: bytes) -> None:
        self.plants, self.syntax, self._number = plants, syntax, 0
        client, server = f"10.9.{number}.11", f"10.9.{number}.12"
        plants.network |= {client: "address", server: "address"}
        start = build.START + number * 10_000_000_000
        self.talk = build.Talk((client, 40000 + number), (server, 104), start=start).open()
        self._contexts = {uid: 2 * index + 1 for index, uid in enumerate(classes)}
        titles = {"called": plants.title("called"), "calling": plants.title("calling")}
        asked = [build.proposal(at, uid, [syntax]) for uid, at in self._contexts.items()]
        said = [build.answer(at, transfer=syntax) for at in self._contexts.values()]
        self.talk.client(build.associate_rq(*asked, user=build.user_information(16384, *user), **titles))
        self.talk.server(build.associate_ac(*said, **titles))

    def ask(
        self,
        sop_class: str,
        field: int,
        elements: list[Element] | bytes | None,
        answers: Iterable[tuple[int, list[Element] | None]] = ((0, None),),
        *,
        instance: bytes = b"",
        more: dict[int, int | str | bytes] | None = None,
        comment: bytes = b"",
    ) -> None:
        """A request, and its responses: (status, identifier)."""
        self._number += 1
        context, requested = self._contexts[sop_class], field in (0x0120, 0x0110, 0x0130)
        values: dict[int, int | str | bytes] = {
            (0x0003 if requested else 0x0002): sop_class, 0x0100: field, 0x0110: self._number,
            0x0800: 0x0101 if elements is None else 1,
        }  # fmt: skip
        if instance:
            values[0x1001 if requested else 0x1000] = instance
        if field in (0x0001, 0x0020, 0x0021, 0x0010):
            values[0x0700] = 0
        self.talk.client(build.message(context, build.command_set(values | (more or {})), self._body(elements)))
        for status, answered in answers:
            reply: dict[int, int | str | bytes] = {
                0x0002: sop_class, 0x0100: field | 0x8000, 0x0120: self._number,
                0x0800: 0x0101 if answered is None else 1, 0x0900: status,
            }  # fmt: skip
            reply |= {0x0902: comment} if comment else {}
            self.talk.server(build.message(context, build.command_set(reply), self._body(answered)))

    def _body(self, elements: list[Element] | bytes | None) -> bytes | None:
        return data_set(elements, self.syntax) if isinstance(elements, list) else elements

    def end(self) -> build.Talk:
        self.talk.client(build.release_rq())
        self.talk.server(build.release_rp())
        return self.talk.close()


def identity(kind: int, primary: bytes, secondary: bytes = b"") -> bytes:
    """A User Identity sub-item (PS3.7 Table D.3-14)."""
    fields = b"".join(struct.pack(">H", len(each)) + each for each in (primary, secondary))
    return build.item(0x58, bytes([kind, 1]) + fields)


def stores(plants: Plants, number: int, syntax: str) -> build.Talk:
    """Objects with the whole table, at the top and inside of a sequence that is shown."""
    side = Side(plants, number, [IMAGE], syntax)
    made = list(whole_table(plants, f"C-STORE in {syntax}", syntax))
    for at in range(0, len(made), 80):
        some = made[at : at + 80]
        kept = [each for each in shown(plants, "C-STORE") if each[0] not in {tag for tag, _, _ in some}]
        side.ask(IMAGE, 1, [*some, *kept], instance=plants.uid("instance"))
    if syntax == EXPLICIT:
        made = list(disguised(plants))
        for at in range(0, len(made), 150):
            side.ask(IMAGE, 1, made[at : at + 150], instance=plants.uid("instance"))
    nested = whole_table(plants, f"item in {syntax}", syntax, sequences=False)
    code: list[Element] = [(0x00080100, "SH", b"T-1"), (0x00080104, "LO", plants.keep("code meaning"))]
    inner = items(list(nested), code, syntax=syntax)
    side.ask(IMAGE, 1, [(0x00400270, "SQ", inner), *private(plants, "C-STORE")], instance=plants.uid("instance"))
    return side.end()


def kinds(plants: Plants, number: int) -> build.Talk:
    """Other character sets, documents, reports."""
    side = Side(plants, number, [IMAGE, PDF, CDA, SR], EXPLICIT)
    for elements in character_sets(plants):
        side.ask(IMAGE, 1, elements, instance=plants.uid("instance"))
    for sop_class, elements in documents(plants):
        side.ask(sop_class, 1, elements, instance=plants.uid("instance"))
    return side.end()


def queries(plants: Plants, number: int) -> build.Talk:
    """Keys and matches, of studies and of a worklist; a retrieval."""
    side = Side(plants, number, [build.STUDY_ROOT_FIND, build.STUDY_ROOT_MOVE, MWL], EXPLICIT)
    key: list[Element] = [(0x00080052, "CS", b"STUDY "), (0x00100010, "PN", plants.text("key", "{}*"))]
    key += [(0x00080020, "DA", b"18470213-18480101 "), (0x0020000D, "UI", plants.uid("key"))]
    plants.texts |= {"18470213-": "range of a key", "18480101": "range of a key"}
    match = [(0x00080052, "CS", b"STUDY "), *patient(plants, "match"), (0x0020000D, "UI", plants.uid("match"))]
    side.ask(
        build.STUDY_ROOT_FIND, 0x20, key, [(0xFF00, match), (0xFF01, [*match, *private(plants, "match")]), (0, None)]
    )
    study: list[Element] = [(0x00080052, "CS", b"STUDY "), (0x0020000D, "UI", plants.uid("C-MOVE"))]
    failed: list[Element] = [(0x00080058, "UI", plants.uid("failed instance"))]
    side.ask(build.STUDY_ROOT_MOVE, 0x21, study, [(0xB000, failed)], more={0x0600: plants.title("move destination")})
    odd: list[Element] = [(0x00080052, "CS", plants.keep("level")), (0x00100020, "LO", plants.text("key at no level"))]
    side.ask(build.STUDY_ROOT_MOVE, 0x21, odd, [(0xA801, None)], more={0x0600: plants.title("move destination")})
    for title in ("called", "scheduled"):
        step: list[Element] = [
            (0x00400001, "AE", plants.text(f"{title} station")),
            (0x00400002, "DA", plants.value("worklist step", "DA")),
            (0x00400006, "PN", plants.text("worklist performer", "{}^Dr")),
            (0x00400007, "LO", plants.text("worklist step description")),
        ]
        found = [*patient(plants, "worklist"), (0x00400100, "SQ", items(step))]
        side.ask(MWL, 0x20, found, [(0xFF00, found), (0, None)])
    return side.end()


def normalized(plants: Plants, number: int) -> build.Talk:
    """MPPS, storage commitment, print annotation, and what nobody knows."""
    side = Side(plants, number, [MPPS, COMMITMENT, ANNOTATION_BOX, PRIVATE_CLASS], EXPLICIT)
    instance = plants.uid("MPPS")
    step: list[Element] = [(0x00400275, "SQ", items(patient(plants, "request attributes")))]
    scheduled: list[Element] = [(0x0040000A, "CS", b"X "), *patient(plants, "scheduled step")]
    created = [*patient(plants, "MPPS N-CREATE"), (0x00400252, "CS", b"IN PROGRESS "), *step]
    created += [(0x00400270, "SQ", items(scheduled)), (0x00400254, "LO", plants.text("procedure description"))]
    side.ask(MPPS, 0x0140, created, [(0, patient(plants, "N-CREATE-RSP"))], instance=instance)
    series: list[Element] = [
        (0x00081050, "PN", plants.text("performer", "{}^Op")),
        (0x0020000E, "UI", plants.uid("series")),
    ]
    done = [(0x00400252, "CS", b"COMPLETED "), (0x00400340, "SQ", items(series)), *private(plants, "N-SET")]
    side.ask(MPPS, 0x0120, done, [(0x0110, patient(plants, "N-SET-RSP"))], instance=instance)
    referenced: list[Element] = [(0x00081150, "UI", IMAGE.encode() + b"\0"), (0x00081155, "UI", plants.uid("commit"))]
    action = [
        (0x00081195, "UI", plants.uid("transaction")),
        (0x00081199, "SQ", items(referenced)),
        *patient(plants, "N-ACTION"),
    ]
    well_known = b"1.2.840.10008.1.20.1.1"
    side.ask(COMMITMENT, 0x0130, action, [(0, patient(plants, "N-ACTION-RSP"))], instance=well_known, more={0x1008: 1})
    side.ask(COMMITMENT, 0x0100, [*action, *private(plants, "N-EVENT")], instance=well_known, more={0x1002: 2})
    note: list[Element] = [(0x20300010, "US", b"\1\0"), (0x20300020, "LO", plants.text("annotation text"))]
    side.ask(ANNOTATION_BOX, 0x0120, note, [(0, note)], instance=plants.uid("annotation"))
    side.ask(PRIVATE_CLASS, 0x0110, None, [(0, [*patient(plants, "N-GET-RSP"), *note])], instance=plants.uid("N-GET"))
    return side.end()


def commands(plants: Plants, number: int) -> build.Talk:
    """Command elements: comments that tell what a data set holds, unknown elements, retired ones."""
    side = Side(plants, number, [IMAGE, build.STUDY_ROOT_FIND], EXPLICIT)
    for form in ("cannot store {}", "PID={};", '"{}" unknown', "{}/17 is not there", "of {}, not known."):
        who = patient(plants, "comment")
        known = who[1][2].strip().decode()
        side.ask(IMAGE, 1, who, [(0xA700, None)], instance=plants.uid("instance"), comment=form.format(known).encode())
    who = patient(plants, "name in a comment")
    name = who[0][2].strip()
    side.ask(IMAGE, 1, who, [(0xC000, None)], instance=plants.uid("instance"), comment=b"no " + name + b" here")
    who = patient(plants, "half a name in a comment")
    side.ask(
        IMAGE, 1, who, [(0xC000, None)], instance=plants.uid("instance"), comment=b"no " + who[0][2][:8] + b" here"
    )
    for where in ("in its own data set", "before"):
        word = plants.word(f"name of one word in a comment, {where}").strip()
        named: list[Element] = [(0x00100010, "PN", word + b" " * (len(word) % 2))]
        side.ask(IMAGE, 1, named, [(0xC000 * (where != "before"), None)], instance=plants.uid("instance"), comment=word)
    said = b"no %s: %s!" % (word.upper(), word)
    side.ask(IMAGE, 1, [], [(0xC000, None)], instance=plants.uid("instance"), comment=said)
    later = plants.word("name of one word in a comment, of a data set that comes later").strip()
    side.ask(IMAGE, 1, [], [(0xC000, None)], instance=plants.uid("instance"), comment=b"not " + later)
    coming: list[Element] = [(0x00081070, "PN", later + b" " * (len(later) % 2))]
    side.ask(IMAGE, 1, coming, instance=plants.uid("instance"))
    matched = patient(plants, "comment beside an identifier")
    side.ask(build.STUDY_ROOT_FIND, 0x20, matched, [(0xA900, None)], comment=b"bad key " + matched[1][2])
    more: dict[int, int | str | bytes] = {
        0x0010: plants.text("retired SH"), 0x0200: plants.title("retired AE"), 0x4010: plants.text("retired terminal"),
        0x5020: plants.text("retired identifier"), 0x5180: plants.text("retired text"), 0x7777: plants.text("unknown"),
        0x0903: b"\7\0", 0x1030: plants.title("originator"), 0x1031: 7,
    }  # fmt: skip
    side.ask(IMAGE, 1, patient(plants, "commands"), instance=plants.uid("instance"), more=more)
    return side.end()


def negotiations(plants: Plants, number: int) -> Iterator[build.Talk]:
    """Everything a negotiation may hold."""
    users = [
        [identity(1, plants.text("user name"))],
        [identity(2, plants.text("user name"), plants.text("passcode"))],
        *([identity(kind, plants.text(f"identity of type {kind}"))] for kind in (3, 4, 5, 9)),
        [build.item(0x56, struct.pack(">H", len(IMAGE)) + IMAGE.encode() + b"\2\0\0\0\0\0" + plants.text("extended"))],
        [build.item(0x5A, plants.text("unknown sub-item"))],
        [build.item(0x58, b"\2\1\0\xff" + plants.text("broken identity"))],
        [build.item(0x59, struct.pack(">H", 8) + plants.text("misplaced server response"))],
    ]
    for at, user in enumerate(users):
        side = Side(plants, number + at, [plants.uid("abstract syntax").decode().rstrip("\0"), IMAGE], EXPLICIT, *user)
        yield side.end()
    talk = build.Talk((f"10.9.{number}.21", 41000), (f"10.9.{number}.22", 104)).open()
    classes = [plants.uid(f"abstract syntax {at}").decode().rstrip("\0") for at in range(6)]
    syntax = plants.uid("transfer syntax").decode().rstrip("\0")
    roles = [build.item(0x54, struct.pack(">H", len(uid)) + uid.encode() + b"\1\1") for uid in classes]
    common = struct.pack(">H", len(classes[0])) + classes[0].encode() + struct.pack(">H", len(IMAGE)) + IMAGE.encode()
    related = struct.pack(">H", len(classes[1])) + classes[1].encode()
    roles.append(build.item(0x57, common + struct.pack(">H", len(related)) + related))
    titles = {"called": plants.title("called"), "calling": plants.title("calling")}
    asked = [build.proposal(2 * at + 1, uid, [syntax, build.IMPLICIT]) for at, uid in enumerate(classes)]
    talk.client(build.associate_rq(*asked, *asked[:1], user=build.user_information(16384, *roles), **titles))
    said = [build.answer(2 * at + 1, 0 if at < 2 else 3, syntax) for at in range(len(classes))]
    server = build.item(0x59, struct.pack(">H", 8) + plants.text("server response"))
    talk.server(build.associate_ac(*said, user=build.user_information(16384, server, roles[0]), **titles))
    talk.client(build.message(1, build.store_rq(1, plants.uid("instance").decode(), classes[0]), build.pixels(50)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    yield talk.close()
    rejected = build.Talk((f"10.9.{number}.31", 41000), (f"10.9.{number}.32", 104)).open()
    rejected.client(build.associate_rq(called=plants.title("called"), calling=plants.title("calling")))
    rejected.server(build.associate_rj())
    yield rejected.close()


def damaged(plants: Plants, number: int) -> Iterator[build.Talk]:
    """Values that are no values of their VR, identifiers that do not fit, bytes that are no PDUs, missing bytes."""
    side = Side(plants, number, [IMAGE], EXPLICIT)
    bad: list[Element] = [
        (0x00080020, "DA", plants.text("no date")), (0x00080030, "TM", plants.text("no time")),
        (0x00101010, "AS", plants.text("no age")), (0x00101030, "DS", plants.text("no decimal")),
        (0x00200011, "IS", b"KEEP"), (0x00080050, "SH", plants.text("too long", "{} is longer than 16 bytes")),
        (0x00100040, "CS", plants.text("lower case", "{} in lower case")),
        (0x00080018, "UI", plants.text("no UID")), (0x0020000D, "UI", plants.text("no UID", "1.2.{}")),
    ]  # fmt: skip
    side.ask(IMAGE, 1, bad, instance=plants.uid("instance"))
    side.ask(IMAGE, 1, [(0x00080005, "CS", plants.keep("character set")), *patient(plants, "no character set")])
    side.ask(IMAGE, 1, data_set(patient(plants, "cut off"))[:-3], instance=plants.uid("instance"))
    broken = data_set(patient(plants, "broken")) + b"\x10\0\x40\0" + plants.text("garbage behind") * 3
    side.ask(IMAGE, 1, broken, instance=plants.uid("instance"))
    side.ask(IMAGE, 1, plants.text("garbage") * 9, instance=plants.uid("instance"))
    implicit = data_set(patient(plants, "another syntax"), IMPLICIT)
    side.ask(IMAGE, 1, implicit, instance=plants.uid("instance"))
    meta = bytes(128) + b"DICM" + data_set([(0x00020016, "AE", plants.title("file meta").encode())])
    side.ask(IMAGE, 1, meta + data_set(patient(plants, "behind file meta")), instance=plants.uid("instance"))
    side.talk.client(build.data_pdus(1, data_set(patient(plants, "stray fragment"))))
    side.talk.client(build.pdu(0x44, plants.text("unknown PDU") * 2))
    side.talk.client(build.pdu(4, plants.text("P-DATA-TF that is none") * 2))
    side.talk.server(build.pdu(3, plants.text("A-ASSOCIATE-RJ that is none")))
    side.talk.server(plants.text("bytes that are no PDU") * 20)
    side.talk.reset()
    yield side.talk
    side = Side(plants, number + 1, [IMAGE], EXPLICIT)
    lost = build.message(1, build.store_rq(1, plants.uid("instance").decode()), data_set(patient(plants, "hole")) * 200)
    side.talk.client(lost[:3000])
    side.talk.lose(0, 1000)
    side.talk.client(lost[4000:])
    yield side.end()
    side = Side(plants, number + 2, [IMAGE], EXPLICIT)
    side.talk.client(build.message(1, build.store_rq(), data_set(patient(plants, "unended")) * 200)[:5000])
    yield side.talk


def sound(plants: Plants) -> Iterator[build.Talk]:
    """Values where they belong, all of which have the same length whatever they are."""
    for number, syntax in enumerate((EXPLICIT, IMPLICIT, BIG), start=1):
        yield stores(plants, number, syntax)
    yield kinds(plants, 10)
    yield queries(plants, 11)
    yield normalized(plants, 12)
    yield commands(plants, 13)
    yield from negotiations(plants, 20)


def everything(plants: Plants) -> Iterator[build.Talk]:
    yield from sound(plants)
    yield stores(plants, 4, DEFLATED)
    yield from damaged(plants, 60)


def capture(plants: Plants, talks: Callable[[Plants], Iterable[build.Talk]] = everything) -> bytes:
    packets = [packet for talk in talks(plants) for packet in talk.packets]
    return build.pcap(build.frames(sorted(packets, key=lambda packet: packet.time)))
