"""Records in SQL: SQLite embedded, PostgreSQL by URL."""
