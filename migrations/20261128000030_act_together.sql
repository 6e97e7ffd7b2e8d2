-- What is done to cases together is done by as few statements as their people allow: to set one up
-- costs more than what it does for a case.

-- The history of cases that are changed together is chained together, without a trigger. A row that comes with its hash was chained by a function of the owner; no
-- role of the service may name a hash, so that whatever it writes is chained by the trigger.

revoke insert on case_event from cityward_service, cityward_machine;
grant insert (case_id, action, at, actor, person_id, role, reason, before, after, version, detail)
    on case_event to cityward_service, cityward_machine;
drop trigger case_event_chain on case_event;
create trigger case_event_chain before insert on case_event
    for each row when (new.hash is null) execute function chain_case_event();

create or replace function cityward_follow_cases(entries jsonb, places integer[], cases bigint[],
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
    -- whoever follows holds the cases' locks, so numbers drawn here come after all that are there
    return query
        with entry as materialized (
            select changed.place, changed.case_id, changed.version, last.hash as prev_hash,
                nextval('case_event_event_id_seq') as event_id, entry.*
            from unnest(places, cases, versions) as changed (place, case_id, version)
            cross join lateral jsonb_to_record(entries -> changed.place) as entry (acting integer,
                action text, moment timestamptz, actor text, acting_role role, reason text,
                before jsonb, after jsonb, detail jsonb, request_key text, request_sha256 bytea)
            left join lateral (select hash from case_event v where v.case_id = changed.case_id
                order by v.event_id desc limit 1) as last on true
        ), told as (
            insert into case_event (event_id, case_id, action, at, actor, person_id, role, reason,
                before, after, version, detail, prev_hash, hash)
            overriding system value
            select event_id, case_id, action, moment, actor, acting, acting_role, reason, before,
                after, version, detail, prev_hash,
                case_event_hash(row(event_id, case_id, action, moment, actor, detail, acting,
                    acting_role, reason, before, after, version, pg_current_xact_id(), prev_hash,
                    null)::case_event)
            from entry
        ), kept as (
            insert into idempotency (person_id, key, request_sha256, case_id, event_id, at)
            select acting, request_key, request_sha256, case_id, event_id, moment
            from entry where request_key is not null
        )
        select entry.place, entry.event_id, case_row
        from entry join case_row using (case_id);
end $$;

-- All that one person does is looked at, and then done, by one statement: whom the transaction acts
-- for changes only between people.

create or replace function cityward_load_cases(asks jsonb)
returns table (place integer, c city_case, cell_code text, district_mode text,
    district_centre_id integer, area_ids integer[], clocks jsonb, units jsonb, people jsonb,
    pictures jsonb, site_people integer[], last jsonb, other_state case_state, answered jsonb)
language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
    own record;
    seen record;
    places integer[] := '{}';
    cases city_case[] := '{}';
    other_states case_state[] := '{}';
begin
    for own in
        select ask.acting, array_agg(ask.number::integer - 1) as places
        from rows from (jsonb_to_recordset(asks) as (acting integer))
            with ordinality as ask(acting, number)
        group by ask.acting order by ask.acting nulls first
    loop
        if own.acting is not null then
            perform cityward_act_as(own.acting);
        end if;
        select array_agg(found.place) as places, array_agg(found.of_case) as cases,
            array_agg(found.other_state) as other_states
        into seen
        from (
            select asked.place, city_case as of_case, other.state as other_state
            from unnest(own.places) as asked(place)
            cross join lateral jsonb_to_record(asks -> asked.place)
                as ask(of_case bigint, other_case bigint)
            join city_case on city_case.case_id = ask.of_case
            left join city_case other on other.case_id = ask.other_case
        ) as found;
        if seen.places is not null then
            places := places || seen.places;
            cases := cases || seen.cases;
            other_states := other_states || seen.other_states;
        end if;
    end loop;
    return query select * from cityward_beside_cases(asks, places, cases, other_states);
end $$;

create or replace function cityward_write_cases(entries jsonb)
returns table (place integer, event_id bigint, shown case_row)
language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
    own record;
    changed record;
    places integer[] := '{}';
    cases bigint[] := '{}';
    versions integer[] := '{}';
begin
    for own in
        select entry.acting, array_agg(entry.number::integer - 1) as places
        from rows from (jsonb_to_recordset(entries) as (acting integer))
            with ordinality as entry(acting, number)
        group by entry.acting order by entry.acting nulls first
    loop
        if own.acting is not null then
            perform cityward_act_as(own.acting);
        end if;
        for changed in
            update city_case c set (state, class_code, unit_id, condition_id, text, emergency,
                limit_s, closing, estimate_fen, handling_unit_id, helper_unit_ids,
                released_unit_ids, dispatch_level, dispatched_at, worker_id, assignee_id,
                handler_ids, pending, request, dispute_level, dispute, dispute_final, round,
                extensions, suspensions, supervised, supervision, resume_at, notified_at,
                arrived_at, guarded_at, handled_at, check_passed, ended_at, overdue,
                overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at) = (
                select state, class_code, unit_id, condition_id, text, emergency,
                limit_s, closing, estimate_fen, handling_unit_id, helper_unit_ids,
                released_unit_ids, dispatch_level, dispatched_at, worker_id, assignee_id,
                handler_ids, pending, request, dispute_level, dispute, dispute_final, round,
                extensions, suspensions, supervised, supervision, resume_at, notified_at,
                arrived_at, guarded_at, handled_at, check_passed, ended_at, overdue,
                overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at
                from jsonb_populate_record(c, entry.after)),
                version = version + 1, written_version = version + 1,
                -- a notice that is received stands in nobody's way
                acted_version = case when entry.action = 'deliver' then acted_version
                    else version + 1 end
            from (
                select asked.place, entry.*
                from unnest(own.places) as asked(place)
                cross join lateral jsonb_to_record(entries -> asked.place)
                    as entry(of_case bigint, seen_version integer, action text, after jsonb)
            ) as entry
            where c.case_id = entry.of_case and c.written_version = entry.seen_version
            returning entry.place, c.case_id, c.version
        loop
            places := places || changed.place;
            cases := cases || changed.case_id;
            versions := versions || changed.version;
        end loop;
    end loop;
    return query select * from cityward_follow_cases(entries, places, cases, versions);
end $$;
