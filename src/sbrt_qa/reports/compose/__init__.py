"""From a review and its evidence to the report's page: sentences and rows, in one language."""
