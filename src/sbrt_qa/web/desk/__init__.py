"""The desk: one physicist, one machine, no accounts; nothing leaves it."""
