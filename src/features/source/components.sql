select component_id as id, geom, class_code as class, code, name, state::text as state, owner_unit_id,
    maintenance_unit_id, source, source_id, surveyed_on, updated_at
from component where state <> 'removed'
