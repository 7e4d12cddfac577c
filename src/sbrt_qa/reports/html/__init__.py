"""The report as one HTML file: page, style, scripts and data within it, nothing fetched."""
