"""Fuzz targets, and what runs them: `python -m fuzz` shares a time among all, `make fuzz` calls it."""
