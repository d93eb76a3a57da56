"""The Kubernetes side: where objects come from, and what is told back about them."""
