"""From folders and archives to datasets: what may be opened, how much of it, and what it is."""
