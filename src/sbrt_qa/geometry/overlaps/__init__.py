"""Contours of one plane that overlap: second copies, holes, crossings, and what they combine to."""
