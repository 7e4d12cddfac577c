"""Dose limits as data: schema, loading, structure names, evaluation."""
