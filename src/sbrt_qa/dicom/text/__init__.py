"""Texts and numbers of DICOM elements: character sets, decimals, labels."""
