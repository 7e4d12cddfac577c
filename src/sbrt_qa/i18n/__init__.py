"""Sentences that can be put into another language, and the languages."""
