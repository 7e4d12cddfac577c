"""The organs of a case seen together on one raster, with the image where there is one."""
