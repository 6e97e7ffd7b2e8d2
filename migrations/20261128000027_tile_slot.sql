-- Points of tiles follow the log of commits (a logical replication slot) where the server gives it.
-- What is written down of changes (migrations 17 and 24) then stays unwritten.

-- The log has no generated columns; an ordinary one that a trigger keeps says the same.
alter table component alter column anchor drop expression;
create function anchor_component() returns trigger
language plpgsql set search_path = public, pg_catalog, pg_temp as $$
begin
    new.anchor := st_pointonsurface(new.geom);
    return new;
end $$;
create trigger component_anchor before insert or update of geom, anchor on component
    for each row execute function anchor_component();
-- also where other triggers are skipped
alter table component enable always trigger component_anchor, alter column anchor set not null;

-- A camera that goes is known by what tiles call it.
alter table camera replica identity using index camera_number_once;

create publication cityward_tiles for table
    component (component_id, class_code, state, owner_unit_id, maintenance_unit_id, name, code,
        surveyed_on, anchor),
    city_case (case_id, class_code, state, unit_id, handling_unit_id, due_at, emergency, source,
        opened_at, ended_at, location, district_id, cell_id, helper_unit_ids, assignee_id,
        reported_by),
    camera (camera_number, camera_id, name_zh, name_en, platform_id, location);

-- The triggers that write changes of points down.
create view tile_change_trigger with (security_invoker = true) as
select tgrelid::regclass as table_name, tgname as trigger_name, tgenabled <> 'D' as enabled
from pg_trigger
where (tgrelid, tgname) in (
    ('component'::regclass, 'component_inserted'), ('component'::regclass, 'component_updated'),
    ('component'::regclass, 'component_deleted'), ('component'::regclass, 'component_truncated'),
    ('city_case'::regclass, 'city_case_tile_change'),
    ('city_case'::regclass, 'city_case_tile_truncated'),
    ('camera'::regclass, 'camera_tile_change'), ('camera'::regclass, 'camera_tile_truncated'));

create function tile_changes_are_written() returns boolean language sql stable as
    'select bool_and(enabled) from tile_change_trigger';

-- For as long as the session lives: it holds a lock that says so. Turning a trigger on waits for
-- those who are writing, so that whoever reads afterwards misses nothing.
create function write_tile_changes() returns void
language plpgsql security definer
set search_path = public, pg_catalog, pg_temp set lock_timeout = '3s' as $$
declare
    one tile_change_trigger;
begin
    perform pg_advisory_lock_shared('tile_change'::regclass::oid::integer, 1);
    for one in select * from tile_change_trigger where not enabled order by 1, 2 loop
        execute format('alter table %s enable trigger %I', one.table_name, one.trigger_name);
    end loop;
end $$;

-- false: a session needs them.
create function spare_tile_changes() returns boolean
language plpgsql security definer
set search_path = public, pg_catalog, pg_temp set lock_timeout = '3s' as $$
declare
    one tile_change_trigger;
begin
    if not pg_try_advisory_xact_lock('tile_change'::regclass::oid::integer, 1) then
        return false;
    end if;
    for one in select * from tile_change_trigger where enabled order by 1, 2 loop
        execute format('alter table %s disable trigger %I', one.table_name, one.trigger_name);
    end loop;
    return true;
end $$;

revoke execute on function write_tile_changes, spare_tile_changes from public;
grant execute on function write_tile_changes, spare_tile_changes to cityward_machine;
grant select on tile_change_trigger to cityward_service, cityward_machine;
