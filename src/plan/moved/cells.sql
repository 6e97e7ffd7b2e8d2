-- Ground that has another cell, or another unit: for whatever has no rule of its own, and for each class
-- or group that has one before or after. $1: the edition.
with gone_on as (
    -- ground that a cell has from another, or keeps although who answers for it changed
    select parent_id, child_id, area_m2 from cell_lineage where edition_id = $1
    union all
    select c.cell_id, c.cell_id, c.area_m2 from cell c
    where c.edition_id <> $1 and c.ended_edition_id is distinct from $1
        and exists (select from responsibility r
            where r.cell_id = c.cell_id and $1 in (r.edition_id, r.ended_edition_id))
), of_classes as (
    select distinct g.parent_id, g.child_id, g.area_m2, e.published_at as since, r.classes
    from gone_on g
    join edition e on e.edition_id = $1
    join responsibility r on r.classes <> ''
        and (r.cell_id = g.parent_id and r.valid @> e.published_at - interval '1 microsecond'
            or r.cell_id = g.child_id and r.valid @> e.published_at)
)
select row_number() over (order by from_cell nulls last, to_cell nulls last, class nulls first) as nth,
    null::bigint as id, class, from_cell, to_cell, from_unit, to_unit, area_m2
from (
    select null::text as class, parent.code as from_cell, child.code as to_cell,
        before.unit_id as from_unit, now.unit_id as to_unit, l.area_m2
    from cell_lineage l
    join cell parent on parent.cell_id = l.parent_id
    join cell child on child.cell_id = l.child_id
    left join responsibility before on before.cell_id = l.parent_id and before.classes = ''
        and before.ended_edition_id = $1
    left join responsibility now on now.cell_id = l.child_id and now.classes = ''
        and now.edition_id = $1
    where l.edition_id = $1
        and (parent.code, before.unit_id) is distinct from (child.code, now.unit_id)
    union all
    select null, c.code, c.code, before.unit_id, now.unit_id, c.area_m2
    from cell c
    left join responsibility before on before.cell_id = c.cell_id and before.classes = ''
        and before.ended_edition_id = $1
    left join responsibility now on now.cell_id = c.cell_id and now.classes = ''
        and now.edition_id = $1
    where c.edition_id <> $1 and c.ended_edition_id is distinct from $1
        and (before.cell_id is not null or now.cell_id is not null)
    union all
    -- new ground, and ground that was given up
    select null, null, c.code, null, now.unit_id, c.area_m2
    from cell c
    left join responsibility now on now.cell_id = c.cell_id and now.classes = ''
        and now.edition_id = $1
    where c.edition_id = $1 and not exists (select from cell_lineage where child_id = c.cell_id)
    union all
    select null, c.code, null, before.unit_id, null, c.area_m2
    from cell c
    left join responsibility before on before.cell_id = c.cell_id and before.classes = ''
        and before.ended_edition_id = $1
    where c.ended_edition_id = $1 and not exists (
        select from cell_lineage l where l.parent_id = c.cell_id and l.edition_id = $1)
    union all
    select o.classes, parent.code, child.code, before.unit_id, now.unit_id, o.area_m2
    from of_classes o
    join cell parent on parent.cell_id = o.parent_id
    join cell child on child.cell_id = o.child_id
    left join lateral (
        select r.unit_id from responsibility r
        where r.cell_id = o.parent_id and r.classes in (o.classes, left(o.classes, 3), '')
            and r.valid @> o.since - interval '1 microsecond'
        order by length(r.classes) desc limit 1
    ) as before on true
    left join lateral (
        select r.unit_id from responsibility r
        where r.cell_id = o.child_id and r.classes in (o.classes, left(o.classes, 3), '')
            and r.valid @> o.since
        order by length(r.classes) desc limit 1
    ) as now on true
    where before.unit_id is distinct from now.unit_id
) as ground
