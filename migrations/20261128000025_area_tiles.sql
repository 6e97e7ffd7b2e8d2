-- Cells, responsibility areas and the base map are tiles that follow the database too: a statement
-- that changes what they are made from is written down, by whatever SQL, and rings.

create function log_ground_change() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    insert into tile_change (layer) values (tg_argv[0]);
    perform pg_notify('tiles', tg_argv[0]);
    return null;
end $$;

create trigger cell_tile_change after insert or update or delete or truncate on cell
    for each statement execute function log_ground_change('areas');
create trigger responsibility_tile_change after insert or update or delete or truncate on responsibility
    for each statement execute function log_ground_change('areas');
create trigger unit_tile_change after insert or update or delete or truncate on unit
    for each statement execute function log_ground_change('areas');
create trigger area_tile_change after insert or update or delete or truncate on area
    for each statement execute function log_ground_change('areas');
create trigger area_cell_tile_change after insert or update or delete or truncate on area_cell
    for each statement execute function log_ground_change('areas');
create trigger basemap_tile_change after insert or update or delete or truncate on basemap
    for each statement execute function log_ground_change('basemap');

-- Asked once a second, among what components write down.
create index tile_change_ground_idx on tile_change (layer, change_id) where layer in ('areas', 'basemap');
