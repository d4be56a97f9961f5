"""The few path-dependent machines: one NumPy loop over sessions each, and the layout they run over."""
