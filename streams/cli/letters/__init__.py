"""What `floorcast dead-letters` is made of: choosing, showing, sending again, deleting."""
