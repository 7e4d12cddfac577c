"""Values from elsewhere beside ours: the site's own, and those of a second engine."""
