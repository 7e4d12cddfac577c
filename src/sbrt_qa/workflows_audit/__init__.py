"""The verbs of an audit: review many, answer, verify, regrade. They print nothing.

Rooms are imported by the verb that needs them, as in `workflows`.
"""
