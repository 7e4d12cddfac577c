"""The review office of a trial: accounts, a queue, cases, readings and signatures, as pages."""
