-- Cells in force with the unit that answers by default, and one label point each, in tile
-- $1/$2/$3; $4 to $7: west, south, east, north of what to select, EPSG:4326.
with tile as (select st_tileenvelope($1, $2, $3) as envelope),
found as (
    select cell.cell_id, cell.code, cell.name, unit.unit_id, unit.name_zh, unit.name_en, cell.geom
    from cell
    left join responsibility on responsibility.cell_id = cell.cell_id
        and responsibility.class_code is null and responsibility.valid @> now()
    left join unit on unit.unit_id = responsibility.unit_id
    where cell.valid @> now()
      and cell.geom && st_setsrid(st_makebox2d(st_makepoint($4, $5), st_makepoint($6, $7)), 4326)
),
shapes as (
    select 'cells' as layer, cell_id, code, name, unit_id, name_zh, name_en, geom, 128 as margin from found
    union all
    -- a label belongs to the one tile its point is in
    select 'cell_labels', cell_id, code, name, unit_id, name_zh, name_en, st_pointonsurface(geom), 0
    from found where $1 >= 13
)
select layer,
       cell_id::bigint as id,
       jsonb_strip_nulls(jsonb_build_object(
           'code', code, 'name', nullif(name, ''), 'unit', unit_id, 'unit_zh', name_zh, 'unit_en', name_en)) as tags,
       st_asbinary(st_asmvtgeom(st_transform(geom, 3857), envelope, 4096, margin, true)) as geom
from shapes, tile
order by layer, cell_id
