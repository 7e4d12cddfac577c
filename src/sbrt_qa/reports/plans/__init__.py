"""Plans side by side as a document: scorecard, curves of one structure, differences of dose."""
