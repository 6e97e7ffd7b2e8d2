-- By which rule a case is whose since it was filed: see rules::Route. Null: for what was written down
-- when it was opened. R3.5.
alter table city_case add column route jsonb;

-- what waits and was for a unit that has ended
create index city_case_waiting_unit_idx on city_case (unit_id)
    where ended_at is null and handling_unit_id is null;

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
            update city_case c set (state, class_code, unit_id, route, condition_id, text, emergency,
                limit_s, closing, estimate_fen, handling_unit_id, helper_unit_ids,
                released_unit_ids, dispatch_level, dispatched_at, worker_id, assignee_id,
                handler_ids, pending, request, dispute_level, dispute, dispute_final, round,
                extensions, suspensions, supervised, supervision, resume_at, notified_at,
                arrived_at, guarded_at, handled_at, check_passed, ended_at, overdue,
                overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at) = (
                select state, class_code, unit_id, route, condition_id, text, emergency,
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
