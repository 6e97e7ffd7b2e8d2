-- An action on a case asks the database twice: what the case is, and to write what becomes of it.
-- Each is one function, so that one statement is one transaction, says who acts, and runs only the
-- parts that the action needs: a single statement that holds them all sets every part up every time.
-- The case itself is read and changed under row-level security, as whoever acts.

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

-- What stands beside a case for its rules to look at. It takes the row and not the number: whoever
-- calls it has seen the case, so what hangs on it is not asked about again.
create function cityward_beside_case(c city_case, moment timestamptz, unit_ids integer[],
    person_ids integer[], picture_ids bigint[], site_roles role[], with_before boolean,
    out cell_code text, out district_mode text, out district_centre_id integer,
    out area_ids integer[], out clocks jsonb, out units jsonb, out people jsonb,
    out pictures jsonb, out site_people integer[], out last jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    cell_code := (select code from cell where cell_id = c.cell_id);
    district_mode := 'shared';
    if c.district_id is not null then
        district_mode := (select mode::text from district where district_id = c.district_id);
        district_centre_id := (select unit_id from unit where kind = 'district_centre'
            and unit.district_id = c.district_id and valid @> moment);
    end if;
    area_ids := array(select area_id from area_cell a
        where a.cell_id = c.cell_id and a.valid @> moment);
    clocks := (select coalesce(jsonb_agg(to_jsonb(k) - 'case_id' order by clock_id), '[]')
        from case_clock k where k.case_id = c.case_id);
    units := '[]';
    if unit_ids <> '{}' or c.handling_unit_id is not null then
        units := (select coalesce(jsonb_agg(jsonb_build_object('unit_id', unit_id, 'kind', kind,
                'district_id', u.district_id, 'department_id', department_id)), '[]')
            from unit u where unit_id = any(unit_ids || c.handling_unit_id) and valid @> moment);
    end if;
    people := '[]';
    if person_ids <> '{}' then
        people := (select coalesce(jsonb_agg(jsonb_build_object('person_id', person_id,
                'grants', grants_at(person_id, moment))), '[]')
            from person where person_id = any(person_ids));
    end if;
    pictures := '[]';
    -- others' pictures look like pictures that are not there
    if picture_ids <> '{}' then
        pictures := (select coalesce(jsonb_agg(jsonb_build_object('attachment_id', attachment_id,
                'uploaded_by', uploaded_by, 'used', case_id is not null)), '[]')
            from case_attachment a where attachment_id = any(picture_ids)
                and (a.case_id = c.case_id or a.uploaded_by = cityward_person()));
    end if;
    site_people := '{}';
    if site_roles <> '{}' then
        site_people := site_people(c.case_id, site_roles, moment);
    end if;
    last := (select jsonb_build_object('event_id', event_id, 'action', action, 'at', at,
            'actor', actor, 'person_id', person_id, 'before', case when with_before then before end)
        from case_event v where v.case_id = c.case_id
            and action not in ('seen_again', 'deliver', 'warned', 'breached', 'escalated')
        order by event_id desc limit 1);
end $$;

-- A case with all that its rules look at, as whoever acts may see it (null: the city itself), and
-- what was answered to the key before. No row: there is no such case within their reach.
create function cityward_load_case(acting integer, of_case bigint, moment timestamptz,
    unit_ids integer[], person_ids integer[], picture_ids bigint[], other_case bigint,
    site_roles role[], with_before boolean, request_key text)
returns table (c city_case, cell_code text, district_mode text, district_centre_id integer,
    area_ids integer[], clocks jsonb, units jsonb, people jsonb, pictures jsonb,
    site_people integer[], last jsonb, other_state case_state, answered jsonb)
language plpgsql as $$
begin
    if acting is not null then
        perform cityward_act_as(acting);
    end if;
    select city_case.* into c from city_case where case_id = of_case;
    if not found then
        return;
    end if;
    select * into cell_code, district_mode, district_centre_id, area_ids, clocks, units, people,
            pictures, site_people, last
        from cityward_beside_case(c, moment, unit_ids, person_ids, picture_ids, site_roles,
            with_before);
    if other_case is not null then
        other_state := (select state from city_case where case_id = other_case);
    end if;
    if request_key is not null then
        answered := (select to_jsonb(i) from idempotency i
            where person_id = acting and key = request_key);
    end if;
    return next;
end $$;

-- What follows once a case has changed: clocks, pictures, history, the key. Whoever changed the case
-- in this very transaction did so under row-level security and may write what hangs on it; nobody
-- else may.
create function cityward_follow_case(of_case bigint, version integer, turned jsonb, gone bigint[],
    started jsonb, picture_ids bigint[], picture_kind attachment_kind, action text,
    moment timestamptz, actor text, acting integer, acting_role role, reason text, before jsonb,
    after jsonb, detail jsonb, request_key text, request_sha256 bytea) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    shown integer;
    told bigint;
begin
    perform from city_case where case_id = of_case and xmin = pg_current_xact_id()::xid;
    if not found then
        raise insufficient_privilege using message = 'the case was not changed in this transaction';
    end if;
    if turned <> '[]' then
        update case_clock k set limit_s = n.limit_s, stopped_at = n.stopped_at, pauses = n.pauses,
            due_at = n.due_at, next_alarm_at = n.next_alarm_at,
            -- a longer limit has alarms of its own; else what a timer raised meanwhile stays
            warned_at = case when n.limit_s <= k.limit_s then k.warned_at end,
            breached_at = case when n.limit_s <= k.limit_s then k.breached_at end,
            escalated_at = case when n.limit_s <= k.limit_s then k.escalated_at end
        from jsonb_to_recordset(turned) as n(clock_id bigint, limit_s integer,
            stopped_at timestamptz, pauses jsonb, due_at timestamptz, next_alarm_at timestamptz)
        where k.case_id = of_case and k.clock_id = n.clock_id;
    end if;
    if gone <> '{}' then
        delete from case_clock k where k.case_id = of_case and k.clock_id = any(gone);
    end if;
    if started <> '[]' then
        insert into case_clock (case_id, stage, round, calendar, limit_s, started_at, pauses,
            due_at, next_alarm_at)
        select of_case, n.stage, n.round, n.calendar, n.limit_s, n.started_at, n.pauses, n.due_at,
            n.next_alarm_at
        from jsonb_to_recordset(started) as n(stage clock_stage, round smallint,
            calendar clock_calendar, limit_s integer, started_at timestamptz, pauses jsonb,
            due_at timestamptz, next_alarm_at timestamptz);
    end if;
    if picture_ids <> '{}' then
        update case_attachment a set case_id = of_case, kind = picture_kind
        where a.attachment_id = any(picture_ids) and a.case_id is null and a.uploaded_by = acting;
        get diagnostics shown = row_count;
        if shown <> cardinality(picture_ids) then
            -- swept or used between the look and the write
            raise foreign_key_violation using constraint = 'case_attachment_yours',
                message = 'a picture is not there any more, is used or is somebody else''s';
        end if;
    end if;
    insert into case_event (case_id, action, at, actor, person_id, role, reason, before, after,
        version, detail)
    values (of_case, action, moment, actor, acting, acting_role, reason, before, after, version,
        detail)
    returning event_id into told;
    if request_key is not null then
        insert into idempotency (person_id, key, request_sha256, case_id, event_id, at)
        values (acting, request_key, request_sha256, of_case, told, moment);
    end if;
    return told;
end $$;

-- What becomes of a case: the case, its clocks, pictures, history and the key of the request, in
-- one transaction, as whoever acts. No row: somebody else acted on the case first, and nothing is
-- written.
create function cityward_write_case(acting integer, of_case bigint, seen_version integer,
    after jsonb, turned jsonb, gone bigint[], started jsonb, picture_ids bigint[],
    picture_kind attachment_kind, action text, moment timestamptz, actor text, acting_role role,
    reason text, before jsonb, detail jsonb, request_key text, request_sha256 bytea)
returns table (event_id bigint, shown case_row)
language plpgsql as $$
declare
    new_version integer;
begin
    if acting is not null then
        perform cityward_act_as(acting);
    end if;
    update city_case c set (state, class_code, unit_id, condition_id, text, emergency, limit_s,
        closing, estimate_fen, handling_unit_id, helper_unit_ids, released_unit_ids,
        dispatch_level, dispatched_at, worker_id, assignee_id, handler_ids, pending, request,
        dispute_level, dispute, dispute_final, round, extensions, suspensions, supervised,
        supervision, resume_at, notified_at, arrived_at, guarded_at, handled_at, check_passed,
        ended_at, overdue, overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at) = (
        select state, class_code, unit_id, condition_id, text, emergency, limit_s, closing,
            estimate_fen, handling_unit_id, helper_unit_ids, released_unit_ids, dispatch_level,
            dispatched_at, worker_id, assignee_id, handler_ids, pending, request, dispute_level,
            dispute, dispute_final, round, extensions, suspensions, supervised, supervision,
            resume_at, notified_at, arrived_at, guarded_at, handled_at, check_passed, ended_at,
            overdue, overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at
        from jsonb_populate_record(c, after)),
        version = version + 1, acted_version = version + 1
    where case_id = of_case and acted_version = seen_version
    returning version into new_version;
    if not found then
        return;
    end if;
    event_id := cityward_follow_case(of_case, new_version, turned, gone, started, picture_ids,
        picture_kind, action, moment, actor, acting, acting_role, reason, before, after, detail,
        request_key, request_sha256);
    select case_row.* into shown from case_row where case_id = of_case;
    return next;
end $$;
