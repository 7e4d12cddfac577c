"""Frozen values that are valid once they exist: the words every other room speaks.

Nothing here reads files or computes; a value refuses to be constructed wrong.
"""
