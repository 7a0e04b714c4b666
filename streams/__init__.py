"""The stream processor: pure core, Faust engine and command line."""
