-- An action on a case asks the database twice: what the case is, and to write what becomes of it.
-- Each is one function over all actions that are committed together. The case itself is read and
-- changed one by one under row-level security, as whoever acts; what hangs on it follows for all of
-- them at once, since setting a statement up costs more than what it does for one row.

-- Scopes, worked out only as far as the roles reach: most people have one role and no area.
create or replace function cityward_act_as(acting integer) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    held record;
    area_cells integer[] := '{}';
    area_work_cells integer[] := '{}';
    sector_units integer[] := '{}';
begin
    -- said before in this transaction
    if current_setting('cityward.person', true) = acting::text then
        return;
    end if;
    with held as (
        select g.unit_id, g.district_id, g.area_id,
            g.role in ('collector', 'checker') as on_site,
            g.role in ('unit_manager', 'unit_worker') as of_unit,
            g.role in ('operator', 'duty_chief', 'dispatcher', 'district_dispatcher', 'leader',
                'committee') as works
        from role_grant g join person p using (person_id)
        where p.person_id = acting and p.disabled_at is null and g.valid @> now()
    )
    select coalesce(bool_or(on_site), false) as on_site,
        coalesce(bool_or(city), false) as sees_all,
        coalesce(bool_or(city and works), false) as works_all,
        coalesce(array_agg(distinct district_id) filter (where district), '{}') as districts,
        coalesce(array_agg(distinct district_id) filter (where district and works), '{}')
            as work_districts,
        coalesce(array_agg(distinct unit_id) filter (where of_unit), '{}') as units,
        coalesce(bool_or(area), false) as has_area
    into held
    from held, lateral (select
        not on_site and not of_unit and area_id is null and district_id is null as city,
        not on_site and not of_unit and area_id is null and district_id is not null as district,
        not on_site and not of_unit and area_id is not null as area) as over;
    if held.has_area then
        select array_agg(distinct cell_id),
            coalesce(array_agg(distinct cell_id) filter (where works), '{}')
        into area_cells, area_work_cells
        from (
            select cell_id, g.role in ('operator', 'duty_chief', 'dispatcher',
                'district_dispatcher', 'leader', 'committee') as works
            from role_grant g join area_cell a using (area_id) join cell using (cell_id)
            left join district d on d.division_code = left(cell.code, 6)
            where g.person_id = acting and g.valid @> now() and a.valid @> now()
                and g.role not in ('collector', 'checker', 'unit_manager', 'unit_worker')
                and (g.district_id is null or g.district_id = d.district_id)
                and (g.district_id is not null or d.mode is distinct from 'own_system')
        ) as reached;
    end if;
    if held.units <> '{}' then
        sector_units := array(select unit_id from unit where department_id = any(held.units));
    end if;
    perform set_config('cityward.person', acting::text, true),
        set_config('cityward.sees_all', held.sees_all::text, true),
        set_config('cityward.works_all', held.works_all::text, true),
        set_config('cityward.districts', held.districts::text, true),
        set_config('cityward.work_districts', held.work_districts::text, true),
        set_config('cityward.own_systems',
            array(select district_id from district where mode = 'own_system')::text, true),
        set_config('cityward.cells', coalesce(area_cells, '{}')::text, true),
        set_config('cityward.work_cells', coalesce(area_work_cells, '{}')::text, true),
        set_config('cityward.units', held.units::text, true),
        set_config('cityward.sector_units', sector_units::text, true),
        set_config('cityward.on_site', held.on_site::text, true);
end $$;

-- What stands beside cases for their rules to look at. It takes the rows and not their numbers:
-- whoever calls it has seen the cases, so what hangs on them is not asked about again. `places`
-- says which of `asks`, counted from 0, a row belongs to.
create function cityward_beside_cases(asks jsonb, places integer[], cases city_case[],
    other_states case_state[])
returns table (place integer, c city_case, cell_code text, district_mode text,
    district_centre_id integer, area_ids integer[], clocks jsonb, units jsonb, people jsonb,
    pictures jsonb, site_people integer[], last jsonb, other_state case_state, answered jsonb)
language plpgsql stable security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
#variable_conflict use_column
begin
    return query
    select places[i], seen.c, cell.code, coalesce(d.mode::text, 'shared'),
        case when d.district_id is not null then (select unit_id from unit
            where kind = 'district_centre' and unit.district_id = d.district_id
                and valid @> moment) end,
        array(select area_id from area_cell a where a.cell_id = cell.cell_id and a.valid @> moment),
        (select coalesce(jsonb_agg(to_jsonb(k) - 'case_id' order by clock_id), '[]')
            from case_clock k where k.case_id = (seen.c).case_id),
        (select coalesce(jsonb_agg(jsonb_build_object('unit_id', unit_id, 'kind', kind,
                'district_id', u.district_id, 'department_id', department_id)), '[]')
            from unit u where unit_id = any(unit_ids || (seen.c).handling_unit_id)
                and valid @> moment),
        case when person_ids = '{}' then '[]' else (
            select coalesce(jsonb_agg(jsonb_build_object('person_id', person_id,
                'grants', grants_at(person_id, moment))), '[]')
            from person where person_id = any(person_ids)) end,
        -- others' pictures look like pictures that are not there
        case when picture_ids = '{}' then '[]' else (
            select coalesce(jsonb_agg(jsonb_build_object('attachment_id', attachment_id,
                'uploaded_by', uploaded_by, 'used', case_id is not null)), '[]')
            from case_attachment a where attachment_id = any(picture_ids)
                and (a.case_id = (seen.c).case_id or a.uploaded_by = acting)) end,
        case when site_roles = '{}' then '{}'
            else site_people((seen.c).case_id, site_roles, moment) end,
        (select jsonb_build_object('event_id', event_id, 'action', action, 'at', at,
                'actor', actor, 'person_id', person_id,
                'before', case when with_before then before end)
            from case_event v where v.case_id = (seen.c).case_id
                and action not in ('seen_again', 'deliver', 'warned', 'breached', 'escalated')
            order by event_id desc limit 1),
        other_states[i],
        (select to_jsonb(k) from idempotency k where k.person_id = acting and key = request_key)
    from generate_series(1, cardinality(places)) as i
    cross join lateral (select cases[i] as c offset 0) as seen
    cross join lateral jsonb_to_record(asks -> places[i]) as ask (acting integer,
        moment timestamptz, unit_ids integer[], person_ids integer[], picture_ids bigint[],
        site_roles role[], with_before boolean, request_key text)
    join cell on cell.cell_id = (seen.c).cell_id
    left join district d on d.district_id = (seen.c).district_id;
end $$;

-- Cases with all that their rules look at, each as whoever asks may see it (null: as the
-- transaction says, or the city itself), and what was answered to the key before. No row: there is
-- no such case within their reach.
create function cityward_load_cases(asks jsonb)
returns table (place integer, c city_case, cell_code text, district_mode text,
    district_centre_id integer, area_ids integer[], clocks jsonb, units jsonb, people jsonb,
    pictures jsonb, site_people integer[], last jsonb, other_state case_state, answered jsonb)
language plpgsql as $$
declare
    ask record;
    seen city_case;
    places integer[] := '{}';
    cases city_case[] := '{}';
    other_states case_state[] := '{}';
    other case_state;
    number integer := 0;
begin
    for ask in select * from jsonb_to_recordset(asks)
        as (acting integer, of_case bigint, other_case bigint)
    loop
        if ask.acting is not null then
            perform cityward_act_as(ask.acting);
        end if;
        select city_case.* into seen from city_case where case_id = ask.of_case;
        if found then
            other := null;
            if ask.other_case is not null then
                other := (select state from city_case where case_id = ask.other_case);
            end if;
            places := places || number;
            cases := cases || seen;
            other_states := other_states || other;
        end if;
        number := number + 1;
    end loop;
    return query select * from cityward_beside_cases(asks, places, cases, other_states);
end $$;

-- What follows once cases have changed: clocks, pictures, history, the keys of the requests. Whoever
-- changed a case in this very transaction did so under row-level security and may write what hangs
-- on it; nobody else may.
create function cityward_follow_cases(entries jsonb, places integer[], cases bigint[],
    versions integer[])
returns table (place integer, event_id bigint, shown case_row)
language plpgsql security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
    named integer;
    used integer;
begin
    if (select count(*) from city_case where case_id = any(cases)
            and xmin = pg_current_xact_id()::xid) <> cardinality(cases) then
        raise insufficient_privilege using message = 'a case was not changed in this transaction';
    end if;
    update case_clock k set limit_s = n.limit_s, stopped_at = n.stopped_at, pauses = n.pauses,
        due_at = n.due_at, next_alarm_at = n.next_alarm_at,
        -- a longer limit has alarms of its own; else what a timer raised meanwhile stays
        warned_at = case when n.limit_s <= k.limit_s then k.warned_at end,
        breached_at = case when n.limit_s <= k.limit_s then k.breached_at end,
        escalated_at = case when n.limit_s <= k.limit_s then k.escalated_at end
    from unnest(places, cases) as changed (place, case_id)
    cross join lateral jsonb_to_recordset(entries -> changed.place -> 'turned') as n(
        clock_id bigint, limit_s integer, stopped_at timestamptz, pauses jsonb,
        due_at timestamptz, next_alarm_at timestamptz)
    where k.clock_id = n.clock_id and k.case_id = changed.case_id;
    if jsonb_path_exists(entries, '$[*].gone[*]') then
        delete from case_clock k
        using unnest(places, cases) as changed (place, case_id)
        where k.case_id = changed.case_id
            and entries -> changed.place -> 'gone' @> to_jsonb(k.clock_id);
    end if;
    insert into case_clock (case_id, stage, round, calendar, limit_s, started_at, pauses, due_at,
        next_alarm_at)
    select changed.case_id, n.stage, n.round, n.calendar, n.limit_s, n.started_at, n.pauses,
        n.due_at, n.next_alarm_at
    from unnest(places, cases) as changed (place, case_id)
    cross join lateral jsonb_to_recordset(entries -> changed.place -> 'started') as n(
        stage clock_stage, round smallint, calendar clock_calendar, limit_s integer,
        started_at timestamptz, pauses jsonb, due_at timestamptz, next_alarm_at timestamptz);
    if jsonb_path_exists(entries, '$[*].picture_ids[*]') then
        named := (select sum(jsonb_array_length(entries -> place -> 'picture_ids'))
            from unnest(places) as place);
        update case_attachment a set case_id = changed.case_id, kind = entry.picture_kind
        from unnest(places, cases) as changed (place, case_id)
        cross join lateral jsonb_to_record(entries -> changed.place) as entry (acting integer,
            picture_ids bigint[], picture_kind attachment_kind)
        where a.attachment_id = any(entry.picture_ids) and a.case_id is null
            and a.uploaded_by = entry.acting;
        get diagnostics used = row_count;
        if used <> named then
            -- swept or used between the look and the write
            raise foreign_key_violation using constraint = 'case_attachment_yours',
                message = 'a picture is not there any more, is used or is somebody else''s';
        end if;
    end if;
    return query
        with entry as materialized (
            select changed.place, changed.case_id, changed.version, entry.*
            from unnest(places, cases, versions) as changed (place, case_id, version)
            cross join lateral jsonb_to_record(entries -> changed.place) as entry (acting integer,
                action text, moment timestamptz, actor text, acting_role role, reason text,
                before jsonb, after jsonb, detail jsonb, request_key text, request_sha256 bytea)
        ), told as (
            insert into case_event (case_id, action, at, actor, person_id, role, reason, before,
                after, version, detail)
            select case_id, action, moment, actor, acting, acting_role, reason, before, after,
                version, detail
            from entry
            returning event_id, case_id
        ), kept as (
            insert into idempotency (person_id, key, request_sha256, case_id, event_id, at)
            select acting, request_key, request_sha256, case_id, event_id, moment
            from entry join told using (case_id) where request_key is not null
        )
        select entry.place, told.event_id, case_row
        from entry join told using (case_id) join case_row using (case_id);
end $$;

-- What becomes of cases: each case with its clocks, pictures, history and the key of the request,
-- as whoever acts. No row: somebody else acted on the case first, and nothing of it is written.
create function cityward_write_cases(entries jsonb)
returns table (place integer, event_id bigint, shown case_row)
language plpgsql as $$
declare
    entry record;
    places integer[] := '{}';
    cases bigint[] := '{}';
    versions integer[] := '{}';
    new_version integer;
    number integer := 0;
begin
    for entry in select * from jsonb_to_recordset(entries)
        as (acting integer, of_case bigint, seen_version integer, action text, after jsonb)
    loop
        if entry.acting is not null then
            perform cityward_act_as(entry.acting);
        end if;
        update city_case c set (state, class_code, unit_id, condition_id, text, emergency, limit_s,
            closing, estimate_fen, handling_unit_id, helper_unit_ids, released_unit_ids,
            dispatch_level, dispatched_at, worker_id, assignee_id, handler_ids, pending, request,
            dispute_level, dispute, dispute_final, round, extensions, suspensions, supervised,
            supervision, resume_at, notified_at, arrived_at, guarded_at, handled_at, check_passed,
            ended_at, overdue, overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at) = (
            select state, class_code, unit_id, condition_id, text, emergency, limit_s,
            closing, estimate_fen, handling_unit_id, helper_unit_ids, released_unit_ids,
            dispatch_level, dispatched_at, worker_id, assignee_id, handler_ids, pending, request,
            dispute_level, dispute, dispute_final, round, extensions, suspensions, supervised,
            supervision, resume_at, notified_at, arrived_at, guarded_at, handled_at, check_passed,
            ended_at, overdue, overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at
            from jsonb_populate_record(c, entry.after)),
            version = version + 1, written_version = version + 1,
            -- a notice that is received stands in nobody's way
            acted_version = case when entry.action = 'deliver' then acted_version
                else version + 1 end
        where case_id = entry.of_case and written_version = entry.seen_version
        returning version into new_version;
        if found then
            places := places || number;
            cases := cases || entry.of_case;
            versions := versions || new_version;
        end if;
        number := number + 1;
    end loop;
    return query select * from cityward_follow_cases(entries, places, cases, versions);
end $$;

-- What runs with its owner's rights is for the service alone.
revoke execute on function cityward_act_as, cityward_beside_cases, cityward_follow_cases from public;
grant execute on function cityward_act_as, cityward_beside_cases, cityward_follow_cases
    to cityward_service, cityward_machine;
