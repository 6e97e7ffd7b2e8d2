-- Ground that has another cell, or another unit: for whatever has no rule of its own, and for each class
-- or group that has one before or after. $1: the edition.
with ground as (
    -- what a cell has from another
    select parent_id, child_id, area_m2 from cell_lineage where edition_id = $1
    union all
    -- or keeps, although who answers for it changed
    select c.cell_id, c.cell_id, c.area_m2 from cell c
    where c.edition_id <> $1 and c.ended_edition_id is distinct from $1
        and exists (select from responsibility r
            where r.cell_id = c.cell_id and $1 in (r.edition_id, r.ended_edition_id))
    union all
    -- new ground, and ground that was given up
    select case when not came then cell_id end, case when came then cell_id end, area_m2
    from cell_outside where edition_id = $1
    union all
    -- in editions of before that was written down: whole cells
    select null, c.cell_id, c.area_m2 from cell c
    where c.edition_id = $1 and not exists (select from cell_lineage where child_id = c.cell_id)
        and not exists (select from cell_outside o where o.cell_id = c.cell_id and o.came)
    union all
    select c.cell_id, null, c.area_m2 from cell c
    where c.ended_edition_id = $1 and not exists (
            select from cell_lineage l where l.parent_id = c.cell_id and l.edition_id = $1)
        and not exists (select from cell_outside o where o.cell_id = c.cell_id and not o.came)
), answered as (
    select parent.code as from_cell, child.code as to_cell, about.classes, before.unit_id as from_unit,
        now.unit_id as to_unit, g.area_m2
    from ground g
    join edition e on e.edition_id = $1
    left join cell parent on parent.cell_id = g.parent_id
    left join cell child on child.cell_id = g.child_id
    cross join lateral (
        select '' as classes
        union
        select r.classes from responsibility r
        where r.cell_id = g.parent_id and r.valid @> e.published_at - interval '1 microsecond'
        union
        select r.classes from responsibility r
        where r.cell_id = g.child_id and r.valid @> e.published_at
    ) as about
    left join lateral
        answering(g.parent_id, about.classes, e.published_at - interval '1 microsecond') as before on true
    left join lateral answering(g.child_id, about.classes, e.published_at) as now on true
)
select row_number() over (order by from_cell nulls last, to_cell nulls last, classes) as nth,
    null::bigint as id, nullif(classes, '') as class, from_cell, to_cell, from_unit, to_unit, area_m2
from answered
where from_unit is distinct from to_unit or classes = '' and from_cell is distinct from to_cell
