"""The report as PDF: layout only; words come from `compose`, pictures from `figures`."""
