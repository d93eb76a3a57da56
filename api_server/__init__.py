"""Netweave: the network configuration API server."""
