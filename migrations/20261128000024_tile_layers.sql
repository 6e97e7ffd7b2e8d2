-- Cases and cameras are tiles in memory too: what changes in them is written down as it is for
-- components.

-- A feature of a tile has a whole number for its name.
alter table camera add column camera_number bigint generated always as identity;
alter table camera add constraint camera_number_once unique (camera_number);
comment on column camera.camera_number is 'the camera''s feature id in tiles';

-- Row by row: cases change one by one, and a set of one costs more than a row. No bell is rung here,
-- since a commit that rings makes all others wait for it; after it, the service rings `city_case`.
create function log_case_change() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if tg_op = 'TRUNCATE' then
        insert into tile_change (layer) values ('cases');
    elsif tg_op = 'DELETE' then
        insert into tile_change (layer, feature_id) values ('cases', old.case_id);
    else
        insert into tile_change (layer, feature_id) values ('cases', new.case_id);
    end if;
    return null;
end $$;
create trigger city_case_tile_change after insert or update or delete on city_case
    for each row execute function log_case_change();
create trigger city_case_tile_truncated after truncate on city_case
    for each statement execute function log_case_change();

create function log_camera_change() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if tg_op = 'TRUNCATE' then
        insert into tile_change (layer) values ('cameras');
    elsif tg_op = 'DELETE' then
        insert into tile_change (layer, feature_id) values ('cameras', old.camera_number);
    else
        insert into tile_change (layer, feature_id) values ('cameras', new.camera_number);
    end if;
    perform pg_notify('tiles', 'cameras');
    return null;
end $$;
create trigger camera_tile_change after insert or update or delete on camera
    for each row execute function log_camera_change();
create trigger camera_tile_truncated after truncate on camera
    for each statement execute function log_camera_change();

comment on table tile_change is 'Changes that tiles in memory have to follow; kept for minutes';
