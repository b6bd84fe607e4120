"""The selection of neurons, which every picture of a page marks, and what is known of one neuron.

``condition`` evaluates a visitor's condition over columns. ``columns`` has these columns: what is known of every
neuron at an instant. ``selection`` reads the selection from an address or a field, and finds its neurons.
``life`` follows one neuron through the run. Nothing here knows Panel or Bokeh.
"""
