"""What a review office decided, and who signed it, as values that documents print."""
