"""Shapes and dose fields with closed-form answers, and a synthetic liver patient.

Makes model values; knows nothing of files.
"""
