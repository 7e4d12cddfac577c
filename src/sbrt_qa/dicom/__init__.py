"""Files <-> model: the only room that knows DICOM.

Reads tolerantly and never silently (each repair is a named quirk), writes strictly.
"""
