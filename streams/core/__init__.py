"""What the numbers mean: pure code on the standard library and msgspec, without I/O."""
