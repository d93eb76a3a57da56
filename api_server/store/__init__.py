"""Any kind, stored in PostgreSQL."""
