"""A made-up sales floor, as its sources would report it: pure, seeded, lazy."""

from producers.simulator.arrivals import Arrival
from producers.simulator.floor import simulate
from producers.simulator.plan import plan_text
from producers.simulator.profile import FloorProfile, floor_profile, running_since

__all__ = ["Arrival", "FloorProfile", "floor_profile", "plan_text", "running_since", "simulate"]
