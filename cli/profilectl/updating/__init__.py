"""The update loop: take what landed, build what it touches, score whom it touches, check, publish."""
