"""How a store of an older version becomes a current one, and back; see `store.connection`.

Applied migrations are history: they state their tables in full and never change.
"""
