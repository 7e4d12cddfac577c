"""What a picture needs beyond the review: dose, contours, image, curves, and where limits fail."""
