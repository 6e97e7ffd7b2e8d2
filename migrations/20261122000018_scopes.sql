-- Scopes of what stands beside the cases.

-- A precedent is a rule that everybody may know; it is made with the decision of
-- a case, and replaced by people who decide disputes.
alter table precedent enable row level security;
create policy precedent_read on precedent for select to cityward_service using (true);
create policy precedent_set on precedent for insert to cityward_service
    with check (cityward_works_case(case_id));
create function cityward_decides() returns boolean language sql stable as $$
    select cityward_works_all() or cardinality(cityward_work_districts()) > 0
        or cardinality(cityward_sector_units()) > 0
$$;
create policy precedent_end on precedent for update to cityward_service
    using (cityward_decides()) with check (cityward_decides());
create policy precedent_replace on precedent for delete to cityward_service
    using (cityward_decides());

-- What is append-only cannot be changed by either role, beside the triggers that refuse it.
do $$
declare
    append_only regclass;
begin
    for append_only in
        select tgrelid::regclass from pg_trigger where tgname like '%\_append\_only'
    loop
        execute format('revoke update, delete on %s from cityward_service, cityward_machine', append_only);
    end loop;
end $$;

-- People and their rights are changed by administrators; a password by its owner, too.
create function cityward_keeps_people() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from role_grant join person using (person_id)
        where person_id = cityward_person() and disabled_at is null and role = 'administrator'
            and district_id is null and area_id is null and valid @> now())
$$;

alter table person enable row level security;
create policy person_read on person for select to cityward_service using (true);
create policy person_hire on person for insert to cityward_service with check (cityward_keeps_people());
create policy person_change on person for update to cityward_service
    using (person_id = cityward_person() or cityward_keeps_people())
    with check (person_id = cityward_person() or cityward_keeps_people());

alter table role_grant enable row level security;
create policy role_grant_read on role_grant for select to cityward_service using (true);
create policy role_grant_keep on role_grant for all to cityward_service
    using (cityward_keeps_people()) with check (cityward_keeps_people());

-- Sessions are listed and ended by their person and by administrators, who never see what the
-- cookie is known by.
grant select (session_id, person_id, created_at, expires_at, method, user_agent), delete
    on session to cityward_service;
alter table session enable row level security;
create policy session_own on session for all to cityward_service
    using (person_id = (select cityward_person()) or (select cityward_keeps_people()));
