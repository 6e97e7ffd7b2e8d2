select c.cell_id as id, c.geom, c.code, c.name, left(c.code, 9) as street, left(c.code, 12) as community,
    (select unit_id from responsibility r where r.cell_id = c.cell_id and r.classes = ''
        and r.valid && {time} order by r.valid desc limit 1) as unit_id,
    c.edition_id as edition, round(c.area_m2::numeric, 2) as area_m2,
    lower(c.valid) as valid_from, upper(c.valid) as valid_to
from cell c where c.valid && {time}
