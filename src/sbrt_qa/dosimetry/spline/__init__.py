"""A cubic spline through a dose grid, without a finer grid."""
