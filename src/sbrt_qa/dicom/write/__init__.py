"""Strict writers: values of the model to DICOM objects, and documents of a review read back."""
