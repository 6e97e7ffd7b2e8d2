-- Of actions that are committed together, those of one person are taken one after another: whom the
-- transaction acts for is then said once a person instead of once an action.

create or replace function cityward_load_cases(asks jsonb)
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
begin
    for ask in
        select * from rows from (jsonb_to_recordset(asks)
            as (acting integer, of_case bigint, other_case bigint))
            with ordinality as ask(acting, of_case, other_case, number)
        order by acting nulls first
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
            places := places || (ask.number - 1)::integer;
            cases := cases || seen;
            other_states := other_states || other;
        end if;
    end loop;
    return query select * from cityward_beside_cases(asks, places, cases, other_states);
end $$;

create or replace function cityward_write_cases(entries jsonb)
returns table (place integer, event_id bigint, shown case_row)
language plpgsql as $$
declare
    entry record;
    places integer[] := '{}';
    cases bigint[] := '{}';
    versions integer[] := '{}';
    new_version integer;
begin
    for entry in
        select * from rows from (jsonb_to_recordset(entries)
            as (acting integer, of_case bigint, seen_version integer, action text, after jsonb))
            with ordinality as entry(acting, of_case, seen_version, action, after, number)
        order by acting nulls first
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
            places := places || (entry.number - 1)::integer;
            cases := cases || entry.of_case;
            versions := versions || new_version;
        end if;
    end loop;
    return query select * from cityward_follow_cases(entries, places, cases, versions);
end $$;
