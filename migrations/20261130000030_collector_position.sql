-- Where collectors and checkers on duty are (R17.3, R14.1): the last place of each, and no track.
-- A row is there from when somebody goes on duty until they go off, or nothing is heard of them.
create type presence as enum ('present', 'away');

create table collector_position (
    person_id     integer not null,
    -- WGS 84
    position      geometry(Point, 4326) not null,
    -- radius within which the device believes to be, metres
    accuracy_m    real not null,
    -- when the device found out
    found_at      timestamptz not null,
    -- when it was last heard of
    seen_at       timestamptz not null,
    -- since when they are on duty
    since         timestamptz not null,
    -- away: on duty, but not heard of for a while
    state         presence not null,
    -- whether they go to places that the city works itself, and in which districts by name: by this it
    -- is known who sees them
    of_city       boolean not null,
    district_ids  integer[] not null,
    constraint collector_position_pk primary key (person_id),
    constraint collector_position_person_fk foreign key (person_id) references person (person_id),
    constraint collector_position_on_earth check (st_x(position) between -180 and 180
        and st_y(position) between -90 and 90),
    constraint collector_position_accuracy check (accuracy_m >= 0),
    constraint collector_position_order check (since <= seen_at)
) with (fillfactor = 50);
comment on table collector_position is
    'Where people who go to places are while they are on duty; nothing is kept of where they were';

-- Who sees somebody follows from where they have the role, whoever writes the row.
create function reach_of_collector() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    select coalesce(bool_or(d.mode is distinct from 'own_system'), false),
        coalesce(array_agg(distinct g.district_id order by g.district_id)
            filter (where g.district_id is not null), '{}')
    into new.of_city, new.district_ids
    from role_grant g left join district d using (district_id)
    where g.person_id = new.person_id and g.role in ('collector', 'checker')
        and g.valid @> new.seen_at;
    return new;
end $$;
create trigger collector_position_reach before insert or update on collector_position
    for each row execute function reach_of_collector();

-- Whose roles change is off duty until they say again where they are.
create function end_duty() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    delete from collector_position where person_id = coalesce(new.person_id, old.person_id);
    return null;
end $$;
create trigger role_grant_ends_duty after insert or update or delete on role_grant
    for each row execute function end_duty();
create trigger person_ends_duty after update of disabled_at on person
    for each row when (new.disabled_at is not null) execute function end_duty();

-- Only who sends people, where they send them; not those whose work is looked at.
alter table collector_position enable row level security;
create policy collector_position_read on collector_position for select to cityward_service using (
    person_id = (select cityward_person())
    or (of_city and (select cityward_works_all()))
    or district_ids && (select cityward_work_districts()));
create policy collector_position_own on collector_position for all to cityward_service
    using (person_id = (select cityward_person_on_site()))
    with check (person_id = (select cityward_person_on_site()));

-- Tiles follow it as they follow components, cases and cameras (migrations 17, 24 and 27). No bell is
-- rung: the next look comes within a second, and a commit that rings makes all others wait for it.
create function log_collector_change() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if tg_op = 'TRUNCATE' then
        insert into tile_change (layer) values ('collectors');
    else
        insert into tile_change (layer, feature_id)
        values ('collectors', coalesce(new.person_id, old.person_id));
    end if;
    return null;
end $$;
create trigger collector_position_tile_change after insert or update or delete on collector_position
    for each row execute function log_collector_change();
create trigger collector_position_tile_truncated after truncate on collector_position
    for each statement execute function log_collector_change();

alter publication cityward_tiles add table
    collector_position (person_id, position, since, state, of_city, district_ids);

create or replace view tile_change_trigger with (security_invoker = true) as
select tgrelid::regclass as table_name, tgname as trigger_name, tgenabled <> 'D' as enabled
from pg_trigger
where (tgrelid, tgname) in (
    ('component'::regclass, 'component_inserted'), ('component'::regclass, 'component_updated'),
    ('component'::regclass, 'component_deleted'), ('component'::regclass, 'component_truncated'),
    ('city_case'::regclass, 'city_case_tile_change'),
    ('city_case'::regclass, 'city_case_tile_truncated'),
    ('camera'::regclass, 'camera_tile_change'), ('camera'::regclass, 'camera_tile_truncated'),
    ('collector_position'::regclass, 'collector_position_tile_change'),
    ('collector_position'::regclass, 'collector_position_tile_truncated'));
