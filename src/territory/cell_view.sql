select
    cell.cell_id as id,
    cell.code,
    cell.name,
    cell.area_m2,
    st_asgeojson(cell.geom, 9)::jsonb as geometry,
    (select jsonb_build_object('id', edition_id, 'note', note, 'published_at', published_at)
     from edition where edition.edition_id = cell.edition_id) as edition,
    lower(cell.valid) as valid_from,
    upper(cell.valid) as valid_to,
    coalesce(
        (select jsonb_agg(
             jsonb_build_object(
                 'id', responsibility_id,
                 'class', class_code,
                 'group', class_group,
                 'unit', jsonb_build_object(
                     'id', unit.unit_id, 'name_zh', unit.name_zh, 'name_en', unit.name_en))
             order by classes)
         from responsibility
         join unit using (unit_id)
         where responsibility.cell_id = cell.cell_id and responsibility.valid @> $2
             and coalesce(upper(unit.valid) > $2, true)),
        '[]') as responsibilities
from cell
where cell.cell_id = $1
