"""Files <-> model: the only room that knows DICOM.

Reads tolerantly and never silently (each repair is a named quirk), writes strictly. Nothing is
imported here, because pydicom is slow to import and most commands do without it:
``from sbrt_qa.dicom.load import load_cases``.
"""
