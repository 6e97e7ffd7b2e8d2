insert into component as known
    (class_code, code, name, geom, state, owner_unit_id, source, source_id, attributes)
select r.class_code, r.code, r.name, s.geom, coalesce(r.state, old.state, 'good'),
       r.owner_unit_id, $1, r.source_id, r.attributes
from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::component_state[], $7::int[],
            $8::text[], $9::jsonb[])
         as r(row, class_code, code, name, state, owner_unit_id, source_id, attributes)
join import_stage s on s.row = r.row
left join component old on old.source = $1 and old.source_id = r.source_id
on conflict (source, source_id) do update set
    class_code = excluded.class_code,
    code = coalesce(excluded.code, known.code),
    name = excluded.name,
    geom = excluded.geom,
    state = excluded.state,
    owner_unit_id = coalesce(excluded.owner_unit_id, known.owner_unit_id),
    attributes = excluded.attributes,
    updated_at = now()
returning xmax = 0
