"""Did a rep's conversion really drop? The detector, its settings and its words; all pure."""
