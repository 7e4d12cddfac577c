"""What contours mean in space: slabs, scan lines, regions and their Boolean combinations.

The one place that decides how a stack of planar contours fills the space between and beyond its
planes. Knows numbers and vertices; knows nothing of files, dose or protocols.
"""
