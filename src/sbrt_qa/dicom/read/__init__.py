"""One reader for each object: a dataset in, a value of the model out, or why not."""
