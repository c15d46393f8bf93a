"""The views of the terminal UI: each shows the one selection in its own way."""
