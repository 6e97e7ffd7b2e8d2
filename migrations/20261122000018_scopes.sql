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
