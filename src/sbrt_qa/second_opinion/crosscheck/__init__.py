"""A second, independent DVH engine: dicompyler-core, in a process of its own."""
