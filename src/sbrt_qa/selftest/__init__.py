"""The tool held against answers that are known: closed-form phantoms, scored."""
