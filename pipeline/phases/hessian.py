"""All eigenvalues of the Hessian at each plateau's stationary point, for who wants to see more than the ends.

They are no part of a run on disk: there are m (d + 1) a plateau, and one sample of the trajectory gives them back
within a millisecond.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from pipeline.phases.located_plateaus import locate_plateaus


def hessian_spectra(data: xr.Dataset, trajectory: xr.Dataset) -> xr.Dataset:
    """Find the spectrum of the Hessian of L at the stationary point next to each plateau.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow; one sample a plateau is read of a trajectory on disk.

    Returns
    -------
    Dataset
        eigenvalue(plateau_number, eigenvalue_number), rising, in units of L per squared weight, and
        multiplicity, how often each occurs. Where a plateau has fewer different ones than another, the rest is
        NaN and 0. The plateaus are those of
        :func:`pipeline.phases.plateaus.find_plateaus`; at one whose stationary point is unknown the
        numbers are those of the nearest weights that were tried.

    Raises
    ------
    ValueError
        If a dataset is not what its stage makes.
    """
    spectra = [plateau.spectrum for plateau in locate_plateaus(data, trajectory)]
    most = max((len(found.values) for found in spectra), default=0)
    eigenvalue = np.full((len(spectra), most), np.nan)
    multiplicity = np.zeros((len(spectra), most), dtype=np.int64)
    for row, found in enumerate(spectra):
        eigenvalue[row, : len(found.values)] = found.values
        multiplicity[row, : len(found.values)] = found.multiplicity
    dims = ("plateau_number", "eigenvalue_number")
    return xr.Dataset(
        {
            "eigenvalue": (dims, eigenvalue, {"long_name": "eigenvalue of the Hessian", "units": "1"}),
            "multiplicity": (dims, multiplicity, {"long_name": "how often it occurs", "units": "1"}),
        }
    )
