"""PS3.7: fragments -> DIMSE messages, their command sets and data sets.

`assembler` joins fragments to a `message`, which has a `command` and may have a data set; `operations` pairs requests
and responses. Data sets are judged as they come (`scan`), of which `outlines` are kept; they are decoded where
somebody asks for their elements (`dataset`).
"""
