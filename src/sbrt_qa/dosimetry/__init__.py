"""Structure x dose grid -> dose-volume histogram -> metrics.

The compiled kernels stand beside a slow, obvious reference that must give the same numbers.
"""
