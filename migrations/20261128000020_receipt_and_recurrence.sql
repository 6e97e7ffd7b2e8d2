-- A unit's page or system receives a notice by itself, at any moment. What somebody saw before it
-- is still what they see, so it does not count as an action; but it writes facts and clocks, and
-- whoever decides has to know of it.
alter table city_case add column written_version integer not null default 1;
comment on column city_case.written_version is
    'after the last step that wrote the case: actions, and notices that were received';

-- How long after the end of a case the same thing at the same place is its recurrence.
alter table rule_policy add column recurrence_window_s integer not null default 1296000;
alter table rule_policy alter column recurrence_window_s drop default;
alter table rule_policy add constraint rule_policy_recurrence check (recurrence_window_s >= 0);

create index city_case_ended_idx on city_case (class_code, ended_at) where ended_at is not null;

-- The case of the class of a new one that ended last at its place: on the same component or, where
-- not both are pinned, within a radius. Who reports need not see the case that was settled here,
-- but the city knows of it.
create function settled_before(new_case bigint, radius_m double precision, since timestamptz)
returns bigint language sql stable security definer set search_path = public, pg_temp as $$
    select o.case_id
    from city_case own
    join city_case o on o.class_code = own.class_code and o.case_id <> own.case_id
        and o.ended_at between since and own.opened_at
        and o.state in ('closed', 'closed_unqualified', 'closed_forced')
        and (o.component_id = own.component_id
            or ((o.component_id is null or own.component_id is null)
                and st_dwithin(o.location::geography, own.location::geography, radius_m)))
    where own.case_id = new_case
    order by (o.component_id = own.component_id) desc nulls last, o.ended_at desc
    limit 1
$$;

-- What came of the check of a case, and of whose work: Article 14. The unit is the one that had the
-- case then: what the first later event that changed it found, or else the unit that has it now.
create view case_outcome with (security_invoker = true) as
select e.case_id, e.action as outcome, e.at,
    coalesce((
        select (v.before ->> 'handling_unit_id')::integer from case_event v
        where v.case_id = e.case_id and v.event_id >= e.event_id and v.before ? 'handling_unit_id'
        order by v.event_id limit 1), c.handling_unit_id) as unit_id
from case_event e
join city_case c using (case_id)
where e.action in ('approve', 'rehandle', 'close_unqualified', 'redirect');
create index case_event_outcome_idx on case_event (at)
    where action in ('approve', 'rehandle', 'close_unqualified', 'redirect');
