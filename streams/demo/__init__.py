"""The demo: an embedded broker, a worker and a simulated floor, started and stopped as one."""
