"""What GEOS, through shapely, says of cells on the grid: JSON in, JSON out.

In: {"cells": [[[ring, ...], ...], ...]}, one list of polygons for each cell, in mm.
Out: cells with invalid geometry, cells with edges that fit no neighbour's, the common ground of
pairs and the holes of the union in m², and whether the cells are a coverage; also cells with edges
that fit no neighbour's or leave a gap that the grid may close.

In, too: {"areas": [...], "tolerance_mm": n}, the areas of a level above. Out: for each cell and
area, and cell and none, the m² of the parts wider than the tolerance; and the metres of the areas'
borders that stay farther than that from every cell's.
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


def wide_parts_m2(common, tolerance_mm):
    parts = [part for part in shapely.get_parts(common) if part.area > 0]
    return sum(part.area for part in parts if 2 * part.area / part.length > tolerance_mm) / 1e6


def nesting(cells, areas, tolerance_mm):
    tree, parts = shapely.STRtree(areas), []
    for cell, area in tree.query(cells, predicate="intersects").T.tolist():
        common = cells[cell].intersection(areas[area])
        parts.append([cell, area, wide_parts_m2(common, tolerance_mm)])
    above = shapely.union_all(areas)
    for index, cell in enumerate(cells):
        parts.append([index, None, wide_parts_m2(cell.difference(above), tolerance_mm)])
    followed = shapely.union_all([cell.boundary for cell in cells]).buffer(tolerance_mm)
    borders = shapely.union_all([area.boundary for area in areas])
    return {
        "parts": [part for part in parts if part[2] > 0],
        "unfollowed_m": borders.difference(followed).length / 1e3,
    }


given = json.load(sys.stdin)
cells = [geometry(polygons) for polygons in given["cells"]]
if "areas" in given:
    areas = [geometry(polygons) for polygons in given["areas"]]
    json.dump(nesting(cells, areas, given["tolerance_mm"]), sys.stdout)
    sys.exit()
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
