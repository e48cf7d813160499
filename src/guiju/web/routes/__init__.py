"""One file a group of pages; each gives its routes for a Door."""
