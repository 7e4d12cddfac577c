"""Masks and label maps of other programs: NIfTI and MetaImage, read and written by our own code."""
