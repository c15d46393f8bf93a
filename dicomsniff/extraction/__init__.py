"""Objects out of a capture: what was stored, as DICOM files in a directory that nothing sent can lead out of.

`names` makes file names of UIDs, `directory` puts files there when they are whole, `study` reads where an object
belongs, and `objects` takes them from the messages of a capture.
"""
