"""PS3.7: fragments -> DIMSE messages, their command sets and data sets."""
