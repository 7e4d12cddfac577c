"""Pictures of a report as vectors: slices with contours and isodoses, dose-volume histograms."""
