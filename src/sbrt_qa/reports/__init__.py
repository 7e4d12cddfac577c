"""Renderers of a CaseReview: each registers itself under its format's name."""
