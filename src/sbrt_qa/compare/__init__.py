"""Two versions of a submission side by side: what changed, and whether it was asked for."""
