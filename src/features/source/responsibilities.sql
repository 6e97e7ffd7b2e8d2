select r.responsibility_id as id, c.geom, c.code as cell, r.class_code as class,
    r.class_group, r.unit_id,
    u.name_zh as unit, r.edition_id as edition, lower(r.valid) as valid_from, upper(r.valid) as valid_to
from responsibility r
join cell c using (cell_id)
join unit u using (unit_id)
where r.valid && {time}
