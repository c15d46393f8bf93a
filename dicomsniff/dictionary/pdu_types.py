"""PDU types, and the items and sub-items of A-ASSOCIATE PDUs (PS3.8 §9.3, PS3.7 Annex D.3.3)."""

PDU_TYPES = {
    0x01: "A-ASSOCIATE-RQ",
    0x02: "A-ASSOCIATE-AC",
    0x03: "A-ASSOCIATE-RJ",
    0x04: "P-DATA-TF",
    0x05: "A-RELEASE-RQ",
    0x06: "A-RELEASE-RP",
    0x07: "A-ABORT",
}

ITEM_TYPES = {
    0x10: "Application Context",
    0x20: "Presentation Context (proposed)",
    0x21: "Presentation Context (result)",
    0x30: "Abstract Syntax",
    0x40: "Transfer Syntax",
    0x50: "User Information",
    0x51: "Maximum Length",
    0x52: "Implementation Class UID",
    0x53: "Asynchronous Operations Window",
    0x54: "SCP/SCU Role Selection",
    0x55: "Implementation Version Name",
    0x56: "SOP Class Extended Negotiation",
    0x57: "SOP Class Common Extended Negotiation",
    0x58: "User Identity (request)",
    0x59: "User Identity (response)",
}

IDENTITY_TYPES = {  # PS3.7 §D.3.3.7.1, Table D.3-14
    1: "username",
    2: "username and passcode",
    3: "Kerberos service ticket",
    4: "SAML assertion",
    5: "JSON Web Token",
}


def pdu_type_name(code: int) -> str:
    """Return the standard's name of a PDU type, or say that it has none."""
    return PDU_TYPES.get(code) or f"unknown PDU type 0x{code:02X}"


def item_type_name(code: int) -> str:
    """Return the standard's name of an item or sub-item, or say that it has none."""
    return ITEM_TYPES.get(code, f"unknown item 0x{code:02X}")
