"""The outside world, one module per vendor, and the session calendar."""
