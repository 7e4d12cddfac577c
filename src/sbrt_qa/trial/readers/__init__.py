"""Forms that the data of a trial come in; each becomes tables of texts."""
