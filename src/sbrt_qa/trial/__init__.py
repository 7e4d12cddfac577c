"""The trial around the plans: subjects, timeline, endpoints; pure functions on frozen values."""
