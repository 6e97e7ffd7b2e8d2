-- Components that have another cell, or another unit that answers for their class there; on ground that
-- was nobody's, too. $1: the edition.
select row_number() over (order by component_id) as nth, component_id as id, class_code as class,
    from_cell, to_cell, from_unit, to_unit, null::float8 as area_m2
from (
    select distinct on (c.component_id) c.component_id, c.class_code, old.code as from_cell,
        new.code as to_cell, before.unit_id as from_unit, now.unit_id as to_unit
    from edition e
    -- cells that it ended, began, or gave to other units
    join cell touched on e.edition_id in (touched.edition_id, touched.ended_edition_id)
        or exists (select from responsibility r where r.cell_id = touched.cell_id
            and e.edition_id in (r.edition_id, r.ended_edition_id))
    join component c on st_covers(touched.geom, c.geom)
    left join cell old on st_covers(old.geom, c.geom) and old.edition_id <> e.edition_id
        and (old.ended_edition_id = e.edition_id or old.cell_id = touched.cell_id)
    left join cell new on st_covers(new.geom, c.geom)
        and new.ended_edition_id is distinct from e.edition_id
        and (new.edition_id = e.edition_id or new.cell_id = touched.cell_id)
    left join lateral
        answering(old.cell_id, c.class_code, e.published_at - interval '1 microsecond') as before on true
    left join lateral answering(new.cell_id, c.class_code, e.published_at) as now on true
    where e.edition_id = $1
    order by c.component_id, old.cell_id, new.cell_id
) as placed
where (from_cell, from_unit) is distinct from (to_cell, to_unit)
