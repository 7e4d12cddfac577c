"""Short printed documents that are no case reports: letters, the acceptance report."""
