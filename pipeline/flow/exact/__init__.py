"""The exact solver: kernels alone, on plain arrays.

Its idea is read in this order: ``propagation.boost`` (one neuron, constant D), ``network.groups`` (neurons that
share their D), ``propagation.magnus`` (the groups through a step), ``corrector.residual`` (what couples them),
``events.neuron_path`` and ``events.crossings`` (where D changes), ``corrector.step`` (one step),
``corrector.step_control`` (its length), ``integration`` (the loop), ``dense_output`` (the network at any instant).
``machine_code`` and ``build`` turn them into machine code. The solver knows numbers only; the labels are around
it, in :mod:`pipeline.flow`.
"""
