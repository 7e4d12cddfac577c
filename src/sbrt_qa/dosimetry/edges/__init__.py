"""Doses along the polygons' edges."""
