"""The report of the trial itself: built for a role, as one offline page or a PDF."""
