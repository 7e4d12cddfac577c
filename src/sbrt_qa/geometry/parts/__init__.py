"""Connected parts of a structure: what hangs together from plane to plane, and what lies apart."""
