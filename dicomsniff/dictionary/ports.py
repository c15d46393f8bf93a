"""TCP ports on which DICOM is expected."""

TLS_PORT = 2762
"""The one that is registered for DICOM over TLS (PS3.15 §B.1)."""
DICOM_PORTS = frozenset((104, 2761, TLS_PORT, 11112))
"""Those that are registered for DICOM (PS3.8 §9.1.1), also over TLS (PS3.15 §B.1)."""
