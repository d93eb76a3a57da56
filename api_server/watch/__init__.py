"""The stream of changes, beside the requests: kept in order, and handed to whoever watches."""
