"""Where results go: memory, Prometheus, Redis and the live page."""
