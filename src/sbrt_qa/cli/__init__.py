"""Arguments -> a workflow -> an exit code."""
