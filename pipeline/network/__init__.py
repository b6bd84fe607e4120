"""A network of one hidden layer, whatever is done with it: the only place of its algebra.

In come weights, points and labels as arrays (or one sample of a trajectory); out go activations, outputs, losses,
forces and kernels. ``activation`` is the ReLU, leaky or not; ``algebra`` is what weights do on points;
``patterns`` is a network whose neurons are grouped by their activation patterns; ``samples`` is the network at one
of a trajectory's instants, ``prediction`` its output anywhere; ``one_input`` is a network as a function of one
number; ``rays`` are the points that a homogeneous function can't tell apart, ``activation_patterns`` all patterns
that neurons may have on some points. ``status`` and ``names`` are words that a person reads (why a flow ended,
what it lingers at), and take the standard library alone. Everybody imports the modules themselves. Knows the
schema, and no stage.
"""
