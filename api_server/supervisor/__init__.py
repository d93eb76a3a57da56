"""The parent process of a server: it makes the database ready, starts the workers and keeps them running."""
