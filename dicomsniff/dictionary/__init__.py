"""Facts from the standard: tables and look-ups, no logic."""
