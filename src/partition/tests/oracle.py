"""What GEOS, through shapely, says of cells on the grid: JSON in, JSON out.

In: {"cells": [[[ring, ...], ...], ...]}, one list of polygons for each cell, in mm.
Out: cells with invalid geometry, cells with edges that fit no neighbour's, the common ground of
pairs and the holes of the union in m², and whether the cells are a coverage; also cells with edges
that fit no neighbour's or leave a gap that the grid may close.
"""

import json
import sys

import shapely


# the widest gap that the grid of a millimetre may close
GAP_MM = 2.0


def indices(edges):
    return [index for index, found in enumerate(edges) if not found.is_empty]


def geometry(polygons):
    made = [shapely.Polygon(rings[0], rings[1:]) for rings in polygons]
    return made[0] if len(made) == 1 else shapely.MultiPolygon(made)


cells = [geometry(polygons) for polygons in json.load(sys.stdin)["cells"]]
invalid = [index for index, cell in enumerate(cells) if not cell.is_valid]
fits_not = shapely.coverage_invalid_edges(cells)
gapes = shapely.coverage_invalid_edges(cells, gap_width=GAP_MM)
is_coverage = bool(shapely.coverage_is_valid(cells))

cells = [cell if cell.is_valid else shapely.make_valid(cell) for cell in cells]
tree = shapely.STRtree(cells)
overlaps = []
for one, other in tree.query(cells, predicate="intersects").T.tolist():
    if one < other:
        area = cells[one].intersection(cells[other]).area / 1e6
        if area > 0:
            overlaps.append([one, other, area])
union = shapely.union_all(cells)
parts = union.geoms if hasattr(union, "geoms") else [union]
holes = [shapely.Polygon(ring).area / 1e6 for part in parts for ring in part.interiors]
json.dump(
    {
        "geos": shapely.geos_version_string,
        "invalid": invalid,
        "fits_not": indices(fits_not),
        "fits_not_or_gapes": indices(gapes),
        "overlaps": overlaps,
        "gaps": holes,
        "is_coverage": is_coverage,
    },
    sys.stdout,
)
