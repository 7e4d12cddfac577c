"""Material for tests and a first look, as numpy.testing is: phantoms, samples, spoiled files."""
