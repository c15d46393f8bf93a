"""The terminal UI: associations, the exchange between their two sides, decoded fields beside their bytes."""
