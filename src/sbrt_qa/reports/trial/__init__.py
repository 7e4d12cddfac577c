"""The report of a whole trial: one HTML file that opens offline and stays fast."""
