"""TCP ports on which DICOM is expected."""

DICOM_PORTS = frozenset((104, 2761, 2762, 11112))
"""Those that are registered for DICOM (PS3.8 §9.1.1), also over TLS (PS3.15 §B.1)."""
