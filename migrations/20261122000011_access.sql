-- Who sees and changes what, held by the database itself: a query without a `where` shows a
-- person their own cases and nothing else. The service works as cityward_service, for whom
-- row-level security applies; what the city does by itself (pipeline, timers, deliveries,
-- sign-in) works as cityward_machine, which row-level security lets pass. Both roles are made
-- before migrations run: they belong to the server, not to this database.

-- People

alter table person
    add column disabled_at   timestamptz,
    -- who they are at the organisation's own sign-in; linked at their first use of it
    add column oidc_issuer   text,
    add column oidc_subject  text,
    add constraint person_oidc_once unique (oidc_issuer, oidc_subject),
    add constraint person_oidc_whole check ((oidc_issuer is null) = (oidc_subject is null));

-- until now everybody could do everything
insert into role_grant (person_id, role) select person_id, 'administrator' from person;

alter table session
    -- to name a session without its secret
    add column session_id  bigint generated always as identity,
    add column method      text not null default 'password',
    -- what the browser calls itself
    add column user_agent  text not null default '',
    add constraint session_id_once unique (session_id),
    add constraint session_method check (method in ('password', 'oidc'));

-- Wrong passwords in a row; every instance of the service counts here.
create table sign_in_failure (
    login     text not null,
    failures  integer not null,
    last_at   timestamptz not null,
    constraint sign_in_failure_pk primary key (login)
);

-- Sign-ins on their way to the organisation's own provider and back.
create table oidc_sign_in (
    state_sha256   bytea not null,
    nonce          text not null,
    pkce_verifier  text not null,
    expires_at     timestamptz not null,
    constraint oidc_sign_in_pk primary key (state_sha256)
);

-- The district of a case follows from its cell, whoever writes the case.
create function district_of_cell(of_cell integer) returns integer
language sql stable set search_path = public, pg_temp as $$
    select district_id from cell join district on division_code = left(code, 6)
    where cell_id = of_cell
$$;

create function place_case_in_district() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
    new.district_id := district_of_cell(new.cell_id);
    return new;
end $$;
create trigger city_case_district before insert or update of cell_id on city_case
    for each row execute function place_case_in_district();

-- A new district finds the cases of its cells.
create function adopt_cases() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update city_case set district_id = new.district_id
    from cell where cell.cell_id = city_case.cell_id and left(cell.code, 6) = new.division_code;
    return null;
end $$;
create trigger district_adopts after insert or update of division_code on district
    for each row execute function adopt_cases();

-- Scopes. cityward_act_as() works out once for a transaction what a person reaches and leaves it
-- in settings that end with the transaction; without it the helpers below answer "nothing".
-- A policy calls a helper as (select f()), so that it is answered once per statement.

create function cityward_act_as(acting integer) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    scope record;
begin
    with held as (
        select g.role, g.unit_id, g.district_id, g.area_id,
            g.role in ('collector', 'checker') as on_site,
            g.role in ('unit_manager', 'unit_worker') as of_unit,
            g.role in ('operator', 'duty_chief', 'dispatcher', 'district_dispatcher', 'leader',
                'committee') as works
        from role_grant g join person p using (person_id)
        where p.person_id = acting and p.disabled_at is null and g.valid @> now()
    ), over as (
        select * from held where not on_site and not of_unit
    ), area_cells as (
        select over.works, cell_id
        from over join area_cell a using (area_id) join cell using (cell_id)
        left join district d on d.division_code = left(cell.code, 6)
        where a.valid @> now()
            and (over.district_id is null or over.district_id = d.district_id)
            and (over.district_id is not null or d.mode is distinct from 'own_system')
    )
    select
        exists (select from over where district_id is null and area_id is null) as sees_all,
        exists (select from over where district_id is null and area_id is null and works) as works_all,
        array(select distinct district_id from over where district_id is not null and area_id is null) as districts,
        array(select distinct district_id from over where district_id is not null and area_id is null and works) as work_districts,
        array(select district_id from district where mode = 'own_system') as own_systems,
        array(select distinct cell_id from area_cells) as cells,
        array(select distinct cell_id from area_cells where works) as work_cells,
        array(select distinct unit_id from held where of_unit) as units,
        array(select u.unit_id from unit u join held on held.of_unit and u.department_id = held.unit_id) as sector_units,
        exists (select from held where on_site) as on_site
    into scope;
    perform set_config('cityward.person', acting::text, true),
        set_config('cityward.sees_all', scope.sees_all::text, true),
        set_config('cityward.works_all', scope.works_all::text, true),
        set_config('cityward.districts', scope.districts::text, true),
        set_config('cityward.work_districts', scope.work_districts::text, true),
        set_config('cityward.own_systems', scope.own_systems::text, true),
        set_config('cityward.cells', scope.cells::text, true),
        set_config('cityward.work_cells', scope.work_cells::text, true),
        set_config('cityward.units', scope.units::text, true),
        set_config('cityward.sector_units', scope.sector_units::text, true),
        set_config('cityward.on_site', scope.on_site::text, true);
end $$;
comment on function cityward_act_as is 'Says for the rest of the transaction who acts';

-- Who acts; null: nobody.
create function cityward_person() returns integer language sql stable as $$
    select nullif(current_setting('cityward.person', true), '')::integer
$$;
-- Who acts, if they go out to look: collectors and checkers.
create function cityward_person_on_site() returns integer language sql stable as $$
    select case current_setting('cityward.on_site', true) when 'true' then cityward_person() end
$$;
-- Whether they read the whole city.
create function cityward_sees_all() returns boolean language sql stable as $$
    select coalesce(current_setting('cityward.sees_all', true), '') = 'true'
$$;
-- Whether they work the whole city, less districts with a system of their own.
create function cityward_works_all() returns boolean language sql stable as $$
    select coalesce(current_setting('cityward.works_all', true), '') = 'true'
$$;
-- Districts they read as a whole.
create function cityward_districts() returns integer[] language sql stable as $$
    select coalesce(nullif(current_setting('cityward.districts', true), ''), '{}')::integer[]
$$;
-- Districts they work as a whole.
create function cityward_work_districts() returns integer[] language sql stable as $$
    select coalesce(nullif(current_setting('cityward.work_districts', true), ''), '{}')::integer[]
$$;
-- Districts that run a system of their own, Article 10.
create function cityward_own_systems() returns integer[] language sql stable as $$
    select coalesce(nullif(current_setting('cityward.own_systems', true), ''), '{}')::integer[]
$$;
-- Cells of the areas that narrow a role.
create function cityward_cells() returns integer[] language sql stable as $$
    select coalesce(nullif(current_setting('cityward.cells', true), ''), '{}')::integer[]
$$;
create function cityward_work_cells() returns integer[] language sql stable as $$
    select coalesce(nullif(current_setting('cityward.work_cells', true), ''), '{}')::integer[]
$$;
-- Units they act for.
create function cityward_units() returns integer[] language sql stable as $$
    select coalesce(nullif(current_setting('cityward.units', true), ''), '{}')::integer[]
$$;
-- Units of the sector their department answers for; it settles their disputes, Article 15.
create function cityward_sector_units() returns integer[] language sql stable as $$
    select coalesce(nullif(current_setting('cityward.sector_units', true), ''), '{}')::integer[]
$$;

-- Whether they may change a case with these columns. Coarse: which step is theirs the workflow
-- says; this keeps everybody inside their scope.
create function cityward_works(district integer, cell integer, handling_unit integer,
    helper_units integer[], assignee integer, reporter integer) returns boolean
language sql stable as $$
    select (cityward_works_all() and (district is null or district <> all (cityward_own_systems())))
        or district = any (cityward_work_districts())
        or cell = any (cityward_work_cells())
        or handling_unit = any (cityward_units())
        or helper_units && cityward_units()
        or handling_unit = any (cityward_sector_units())
        or assignee = cityward_person_on_site()
        or reporter = cityward_person_on_site()
$$;

alter table city_case enable row level security;
create policy city_case_read on city_case for select to cityward_service using (
    (select cityward_sees_all())
    or district_id = any ((select cityward_districts())::integer[])
    or handling_unit_id = any ((select cityward_units())::integer[])
    or helper_unit_ids && (select cityward_units())
    or handling_unit_id = any ((select cityward_sector_units())::integer[])
    or assignee_id = (select cityward_person())
    or reported_by = (select cityward_person())
    or cell_id = any ((select cityward_cells())::integer[]));
create policy city_case_open on city_case for insert to cityward_service with check (
    cityward_works(district_id, cell_id, handling_unit_id, helper_unit_ids, assignee_id, reported_by));
create policy city_case_work on city_case for update to cityward_service
    using (cityward_works(district_id, cell_id, handling_unit_id, helper_unit_ids, assignee_id, reported_by))
    with check (cityward_works(district_id, cell_id, handling_unit_id, helper_unit_ids, assignee_id, reported_by));

-- By the number of the case, for tables that hang on it. Both look through the policies above;
-- a policy for reading many rows had better say
-- exists (select from city_case c where c.case_id = …), which the planner can join.
-- In plpgsql, which keeps its plans: what SQL cannot inline it plans anew in every statement.
create function cityward_sees_case(of_case bigint) returns boolean language plpgsql stable as $$
begin
    return exists (select from city_case where case_id = of_case);
end $$;
create function cityward_works_case(of_case bigint) returns boolean language plpgsql stable as $$
begin
    return exists (select from city_case where case_id = of_case and cityward_works(
        district_id, cell_id, handling_unit_id, helper_unit_ids, assignee_id, reported_by));
end $$;

alter table case_event enable row level security;
create policy case_event_read on case_event for select to cityward_service
    using (exists (select from city_case c where c.case_id = case_event.case_id));
create policy case_event_write on case_event for insert to cityward_service
    with check (cityward_works_case(case_id));

alter table case_evidence enable row level security;
create policy case_evidence_read on case_evidence for select to cityward_service
    using (exists (select from city_case c where c.case_id = case_evidence.case_id));

alter table case_clock enable row level security;
create policy case_clock_read on case_clock for select to cityward_service
    using (exists (select from city_case c where c.case_id = case_clock.case_id));
create policy case_clock_start on case_clock for insert to cityward_service
    with check (cityward_works_case(case_id));
create policy case_clock_change on case_clock for update to cityward_service
    using (cityward_works_case(case_id)) with check (cityward_works_case(case_id));

-- A picture is its photographer's until an action gives it to a case.
alter table case_attachment enable row level security;
create policy case_attachment_read on case_attachment for select to cityward_service using (
    (case_id is null and uploaded_by = (select cityward_person()))
    or exists (select from city_case c where c.case_id = case_attachment.case_id));
create policy case_attachment_upload on case_attachment for insert to cityward_service with check (
    uploaded_by = cityward_person() and (case_id is null or cityward_works_case(case_id)));
create policy case_attachment_use on case_attachment for update to cityward_service
    using (uploaded_by = cityward_person() and (case_id is null or cityward_works_case(case_id)))
    with check (uploaded_by = cityward_person() and (case_id is null or cityward_works_case(case_id)));
create policy case_attachment_drop on case_attachment for delete to cityward_service
    using (uploaded_by = cityward_person() and case_id is null);

alter table idempotency enable row level security;
create policy idempotency_own on idempotency for all to cityward_service
    using (person_id = cityward_person()) with check (person_id = cityward_person());

-- A view looks with the eyes of whoever asks.
alter view case_row set (security_invoker = true);

-- Rights, also on what later migrations make.
grant usage on schema public to cityward_service, cityward_machine;
grant select, insert, update, delete on all tables in schema public to cityward_service, cityward_machine;
grant usage on all sequences in schema public to cityward_service, cityward_machine;
alter default privileges in schema public
    grant select, insert, update, delete on tables to cityward_service, cityward_machine;
alter default privileges in schema public
    grant usage on sequences to cityward_service, cityward_machine;

revoke update, delete on case_event, case_evidence, audit_entry, audit_seal from cityward_service, cityward_machine;
revoke insert, update, delete on _sqlx_migrations, spatial_ref_sys from cityward_service, cityward_machine;
-- secrets of signing in are no business of a request
revoke all on session, sign_in_failure, oidc_sign_in from cityward_service;
