"""Sources of events: the simulator, history imports, replays and their Kafka transport."""
