"""What each console page shows, as plain data: the page fills a template with it, its JSON twin sends it as it is."""
