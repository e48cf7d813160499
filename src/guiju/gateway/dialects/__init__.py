"""The ways in which clients ask, one file each: what a dialect reads becomes the inner request of the one pipeline."""
