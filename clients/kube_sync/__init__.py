"""Keeps networks, interfaces and addresses of the configuration API in step with a Kubernetes cluster's pods."""
