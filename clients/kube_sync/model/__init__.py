"""What is wanted, as values: names, attachments, networks, and the documents that make them; nothing here waits or asks."""
