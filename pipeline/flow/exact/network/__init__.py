"""The network as the kernels see it: the data, the activation patterns, the neurons in groups."""
