"""Renderers: a review or a DVH table in, text out. A format is a file here, found by its name."""
