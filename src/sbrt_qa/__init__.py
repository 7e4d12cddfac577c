"""SBRT plan quality assurance: DICOM in, protocol deviations out."""

__version__ = "0.1.0"
