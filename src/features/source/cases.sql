select c.case_id as id, c.location as geom, c.class_code as class, c.state::text as state,
    c.source::text as source, c.emergency, cell.code as cell, c.component_id, c.unit_id, c.camera_id,
    c.opened_at, c.due_at, c.version
from city_case c
join cell using (cell_id)
