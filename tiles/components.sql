-- Components in tile $1/$2/$3: each one from zoom 15; below that how many there are in squares of
-- 1/64 tile. $4 to $7: west, south, east, north of what to select, EPSG:4326.
with tile as (select st_tileenvelope($1, $2, $3) as envelope),
found as (
    select component_id, class_code, state, st_transform(anchor, 3857) as at
    from component
    where state <> 'removed'
      and anchor && st_setsrid(st_makebox2d(st_makepoint($4, $5), st_makepoint($6, $7)), 4326)
),
squares as (
    select st_snaptogrid(at, (st_xmax(envelope) - st_xmin(envelope)) / 64) as at, count(*) as components
    from found, tile
    where $1 < 15
    group by 1
)
select 'components' as layer,
       component_id as id,
       jsonb_build_object('class', class_code, 'state', state) as tags,
       st_asbinary(st_asmvtgeom(at, envelope, 4096, 64, true)) as geom
from found, tile
where $1 >= 15
union all
select 'component_density', row_number() over (order by st_x(at), st_y(at)),
       jsonb_build_object('count', components),
       st_asbinary(st_asmvtgeom(at, envelope, 4096, 64, true))
from squares, tile
order by layer, id
