"""What comes in from outside: bytes to disk by their hash, when a study is whole, receipts."""
