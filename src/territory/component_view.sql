select
    component_id as id,
    class_code as class,
    code,
    name,
    state::text as state,
    st_x(anchor) as lon,
    st_y(anchor) as lat,
    st_asgeojson(geom, 9)::jsonb as geometry,
    (select jsonb_build_object('id', unit.unit_id, 'name_zh', unit.name_zh, 'name_en', unit.name_en)
     from unit where unit.unit_id = owner_unit_id) as owner,
    (select jsonb_build_object('id', unit.unit_id, 'name_zh', unit.name_zh, 'name_en', unit.name_en)
     from unit where unit.unit_id = competent_unit_id) as competent,
    (select jsonb_build_object('id', unit.unit_id, 'name_zh', unit.name_zh, 'name_en', unit.name_en)
     from unit where unit.unit_id = maintenance_unit_id) as maintenance,
    source,
    surveyed_on,
    attributes
from component
where component_id = $1
