"""The exact solver: kernels alone, on plain arrays.

Read it in this order, that of the page on architecture: ``propagation.boost`` (one neuron, constant D),
``propagation.bernstein`` (the residual over a step), ``network.groups`` (neurons that share their D),
``propagation.magnus`` (the groups through a step), ``corrector.residual`` (what couples them), ``corrector.modes``
and ``corrector.step`` (one step), ``corrector.step_control`` (its length), ``integration`` (the loop), ``events``
(where D changes), ``dense_output`` (the network at any instant). ``machine_code`` and ``build`` turn the kernels
into machine code. The solver has arrays of numbers only; :mod:`pipeline.flow` labels them.
"""
