-- Precedents of cells whose codes end with an edition ($1) at a moment ($2) go on in the cells that have
-- their ground: one for a component in all of them, any other in those that have most of theirs from it.
with lineage as (
    select parent.code as ended, child.code as begun,
        row_number() over (partition by l.child_id order by l.area_m2 desc, l.parent_id) = 1 as is_main
    from cell_lineage l
    join cell parent on parent.cell_id = l.parent_id
    join cell child on child.cell_id = l.child_id
    where l.edition_id = $1
        and not exists (select from cell c where c.code = parent.code and c.valid @> $2)
), passed_on as (
    insert into precedent (class_code, place, component_id, unit_id, case_id, reason, valid)
    select p.class_code, begun, p.component_id, p.unit_id, p.case_id, p.reason,
        tstzrange(greatest(lower(p.valid), $2), upper(p.valid))
    from precedent p join lineage on ended = p.place and (is_main or p.component_id is not null)
    -- decided later, too, where the edition begins in the past
    where coalesce(upper(p.valid) > $2, true) and not isempty(p.valid)
    -- a decision about the very cell comes first
    on conflict do nothing
)
update precedent set valid = tstzrange(lower(valid), $2)
where valid @> $2 and lower(valid) < $2 and place in (
    select code from cell c where ended_edition_id = $1
        and not exists (select from cell n where n.code = c.code and n.valid @> $2))
