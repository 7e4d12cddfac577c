"""The figures of docs/how_it_works, drawn from what the engine computes."""
