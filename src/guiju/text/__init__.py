"""Reading text as a person would see it: normalised views with offsets into the original, and matching on them."""
