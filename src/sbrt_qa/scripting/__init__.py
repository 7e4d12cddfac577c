"""What a script or a notebook asks for beyond the verbs of the command line."""
