-- Cases that were given another cell or another unit, also those that followed later. $1: the edition.
select row_number() over (order by v.event_id) as nth, v.case_id as id, c.class_code as class,
    old.code as from_cell, new.code as to_cell,
    (v.before ->> 'unit_id')::integer as from_unit, (v.after ->> 'unit_id')::integer as to_unit,
    null::float8 as area_m2
from case_event v
join city_case c using (case_id)
left join cell old on old.cell_id = (v.before ->> 'cell_id')::integer
left join cell new on new.cell_id = (v.after ->> 'cell_id')::integer
where v.action = 'rehome' and (v.detail ->> 'edition_id')::integer = $1
