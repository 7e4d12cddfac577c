"""A region grown by margins that may differ in six directions."""
