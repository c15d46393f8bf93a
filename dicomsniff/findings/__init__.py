"""Findings: what is wrong, read from associations; rules never alter what they read."""
