"""Who holds which address or number."""
