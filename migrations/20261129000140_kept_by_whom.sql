-- Who reads and changes what lets devices and cameras in: the city's administrators; its auditors read.
-- Devices, pulling and backgrounds are the machine's business, which stands above these policies.
do $$
declare
    kept text;
begin
    foreach kept in array array['viid_access', 'viid_device', 'viid_peer', 'snapshot_session',
        'snapshot_picture', 'camera_source', 'camera_pull', 'camera_background', 'camera_mask'] loop
        execute format('alter table %I enable row level security', kept);
        execute format('create policy %I on %I for select to cityward_service using (
            (select cityward_has_of_city(''{administrator,auditor}'')))', kept || '_read', kept);
        execute format('create policy %I on %I for all to cityward_service
            using ((select cityward_has_of_city(''{administrator}'')))
            with check ((select cityward_has_of_city(''{administrator}'')))', kept || '_keep', kept);
    end loop;
end $$;
-- which cameras a platform made known decides whose pictures are taken
revoke insert, update, delete on viid_camera from cityward_service;

-- The role that shows originals must be of the case's own district or of the city: to see a case by
-- another role is not enough.
create function cityward_views_original(of_case bigint) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from role_grant g
        join person p using (person_id)
        join city_case c on c.case_id = of_case
        where p.person_id = cityward_person() and p.disabled_at is null
            and g.role in ('duty_chief', 'data_officer')
            and g.area_id is null and g.valid @> now()
            and (g.district_id is null or g.district_id = c.district_id))
$$;
revoke execute on function cityward_views_original from public;
grant execute on function cityward_views_original to cityward_service, cityward_machine;

drop policy original_access_write on original_access;
create policy original_access_write on original_access for insert to cityward_service with check (
    person_id = cityward_person() and cityward_sees_case(case_id) and cityward_views_original(case_id));
