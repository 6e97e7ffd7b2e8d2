-- The base map in tile $1/$2/$3; $4 to $7: west, south, east, north of what to select, EPSG:4326;
-- $8: whether tiles are degrees, 360/2^zoom of them each, else Web Mercator (EPSG:3857).
-- Rows: MVT layer, feature id, tags, geometry in tile units.
with tile as (
    select case when $8
        then st_makeenvelope(
            -180 + $2 * 360 / 2.0 ^ $1, 90 - ($3 + 1) * 360 / 2.0 ^ $1,
            -180 + ($2 + 1) * 360 / 2.0 ^ $1, 90 - $3 * 360 / 2.0 ^ $1, 4326)
        else st_tileenvelope($1, $2, $3) end as envelope
)
select kind::text as layer,
       basemap_id as id,
       jsonb_strip_nulls(jsonb_build_object(
           'rank', nullif(rank, ''), 'name', nullif(name, ''), 'name_en', nullif(name_en, ''))) as tags,
       st_asbinary(st_asmvtgeom(case when $8 then geom else st_transform(geom, 3857) end, envelope, 4096, 128, true)) as geom
from basemap, tile
where geom && st_setsrid(st_makebox2d(st_makepoint($4, $5), st_makepoint($6, $7)), 4326)
  -- what would be smaller than a pixel waits for a deeper zoom
  and case kind
          when 'street' then rank = 'major' or (rank = 'minor' and $1 >= 12) or $1 >= 14
          when 'building' then $1 >= 14
          else true
      end
order by kind, basemap_id
