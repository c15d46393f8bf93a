"""JSON Schemas, by the name of what they describe: they say what of it scripts may rely on."""

SCHEMAS = ("transcript", "diff")
"""What there are schemas of."""


def schema_text(name: str = SCHEMAS[0]) -> str:
    """Return the JSON Schema of one of `SCHEMAS`."""
    from importlib.resources import files  # whoever asks for no schema starts without it

    return files("dicomsniff.export").joinpath(f"{name}.schema.json").read_text("utf-8")
