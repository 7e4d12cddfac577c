"""Noise of a dose, block by block."""
