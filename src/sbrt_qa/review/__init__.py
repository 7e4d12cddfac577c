"""One case held against one protocol: a pure function from values to a CaseReview."""
