"""A slice of any variable of a run's tree, as the Explore page draws it.

``variables`` lists the variables of a tree with the words of their attributes. ``layout`` says which dimension
is drawn as what. ``reading`` reads the slice: of an array that is larger than a plot can show, only as many chunks
as the plot needs. ``sources`` opens the trees: runs of the catalog, computed runs, and the files that the
dashboard was started with. Nothing here knows Panel or Bokeh.
"""
