"""Real servers for the tests: Kafka, Redis, Prometheus, Alertmanager, Chromium; see README.md."""
