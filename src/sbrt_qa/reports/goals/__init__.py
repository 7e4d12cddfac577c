"""Limits as files for planning systems: one module for each system, which registers itself."""
