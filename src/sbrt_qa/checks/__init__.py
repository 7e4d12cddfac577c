"""Checks of the plan itself: one small self-registering function each."""
