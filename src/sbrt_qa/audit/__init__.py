"""Many submissions: where they lie, whose they are, what may not be in them, what they add up to.

Pure as far as possible: folders are listed, files are fingerprinted, nothing is written and nothing
is read as DICOM here.
"""
