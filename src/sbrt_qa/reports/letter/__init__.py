"""The letter to a site: what deviates from the protocol, what is asked for, by when."""
