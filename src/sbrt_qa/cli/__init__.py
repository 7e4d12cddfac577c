"""The command line: arguments in, a workflow called, an exit code out. No arithmetic here."""
