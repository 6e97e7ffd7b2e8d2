-- Ground that has another cell, or another unit for whatever has no rule of its own. $1: the edition.
select row_number() over (order by from_cell nulls last, to_cell nulls last) as nth,
    null::bigint as id, null::text as class, from_cell, to_cell, from_unit, to_unit, area_m2
from (
    select parent.code as from_cell, child.code as to_cell,
        before.unit_id as from_unit, now.unit_id as to_unit, l.area_m2
    from cell_lineage l
    join cell parent on parent.cell_id = l.parent_id
    join cell child on child.cell_id = l.child_id
    left join responsibility before on before.cell_id = l.parent_id and before.class_code is null
        and before.ended_edition_id = $1
    left join responsibility now on now.cell_id = l.child_id and now.class_code is null
        and now.edition_id = $1
    where l.edition_id = $1
        and (parent.code, before.unit_id) is distinct from (child.code, now.unit_id)
    union all
    select c.code, c.code, before.unit_id, now.unit_id, c.area_m2
    from cell c
    left join responsibility before on before.cell_id = c.cell_id and before.class_code is null
        and before.ended_edition_id = $1
    left join responsibility now on now.cell_id = c.cell_id and now.class_code is null
        and now.edition_id = $1
    where c.edition_id <> $1 and c.ended_edition_id is distinct from $1
        and (before.cell_id is not null or now.cell_id is not null)
    union all
    -- new ground, and ground that was given up
    select null, c.code, null, now.unit_id, c.area_m2
    from cell c
    left join responsibility now on now.cell_id = c.cell_id and now.class_code is null
        and now.edition_id = $1
    where c.edition_id = $1 and not exists (select from cell_lineage where child_id = c.cell_id)
    union all
    select c.code, null, before.unit_id, null, c.area_m2
    from cell c
    left join responsibility before on before.cell_id = c.cell_id and before.class_code is null
        and before.ended_edition_id = $1
    where c.ended_edition_id = $1 and not exists (
        select from cell_lineage l where l.parent_id = c.cell_id and l.edition_id = $1)
) as ground
