"""Working state: what may change and counts for nothing, in a database beside the records.

Sessions, hashes of passwords, drafts and counters of failures live here, never in the
database of records, whose rows nobody changes.
"""
