"""`hubbub migrate sqlite→postgres`: everything of an instance from its file to PostgreSQL, in one transaction."""
