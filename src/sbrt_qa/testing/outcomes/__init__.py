"""A synthetic trial of two arms with a known truth, and with faults in its data that are listed."""
