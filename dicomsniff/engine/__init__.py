"""The stages joined into one engine: what of its results is kept, comes back, or is told again."""
