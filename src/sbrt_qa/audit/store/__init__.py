"""The audit's memory: rows in SQLite or PostgreSQL, written once and never changed.

Nothing outside this room knows SQL. See `tables` for what is kept, `chain` for how a later change
shows, and `migrations` for how an older file becomes a current one.
"""
