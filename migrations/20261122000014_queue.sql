-- The queue: the line a desk shows of a case, and the indexes its questions are answered from.

drop view case_row;
-- One line of the queue, one mark on the map. Its reader's own rights decide what it shows.
create view case_row with (security_invoker = true) as
select c.case_id, c.class_code, c.state, c.source, c.location, c.cell_id, cell.code as cell_code,
    c.district_id, c.component_id, c.unit_id, unit.name_zh as unit_name_zh,
    unit.name_en as unit_name_en, c.handling_unit_id, handling.name_zh as handling_unit_name_zh,
    handling.name_en as handling_unit_name_en, c.camera_id, c.first_seen_at, c.last_seen_at,
    c.sighting_count, c.opened_at, c.version, c.condition_id, c.text, c.place_text, c.emergency,
    c.dispatch_level, c.worker_id, c.assignee_id, c.pending, c.dispute_level, c.round,
    c.supervised, c.overdue, c.ended_at, c.merged_into, c.recurrence_of, c.clock_stage, c.due_at,
    c.warn_at, c.helper_unit_ids, c.reported_by
from city_case c
join cell using (cell_id)
left join unit on unit.unit_id = c.unit_id
left join unit handling on handling.unit_id = c.handling_unit_id;

alter table city_case add constraint city_case_ended check ((ended_at is not null) =
    (state in ('rejected', 'merged', 'voided', 'closed', 'closed_unqualified', 'closed_forced')));

-- What is open is small beside what has ended: its questions have indexes of their own.
create index city_case_open_due_idx on city_case (due_at, case_id) where ended_at is null;
create index city_case_open_idx on city_case (case_id) where ended_at is null;
create index city_case_open_handling_idx on city_case (handling_unit_id, due_at, case_id)
    where ended_at is null;
create index city_case_open_district_idx on city_case (district_id, due_at, case_id)
    where ended_at is null;
create index city_case_open_assignee_idx on city_case (assignee_id)
    where ended_at is null and assignee_id is not null;
create index city_case_open_location_idx on city_case using gist (location)
    where ended_at is null;
create index city_case_open_component_idx on city_case (component_id)
    where ended_at is null and component_id is not null;
create index city_case_handling_unit_idx on city_case (handling_unit_id, case_id);
create index city_case_merged_into_idx on city_case (merged_into) where merged_into is not null;
create index city_case_recurrence_of_idx on city_case (recurrence_of)
    where recurrence_of is not null;

-- Whom a site task may be given to by lot: people with one of the roles where the case is, in a
-- fixed order, without those who handled it or belong to the unit that did. Article 14.
create function site_people(of_case bigint, roles role[], moment timestamptz) returns integer[]
language sql stable security definer set search_path = public as $$
    select coalesce(array_agg(distinct g.person_id order by g.person_id), '{}')
    from city_case c
    join role_grant g on g.role = any(roles) and g.valid @> moment
        and (g.district_id = c.district_id or g.district_id is null and not exists
            (select from district d where d.district_id = c.district_id and d.mode = 'own_system'))
        and (g.area_id is null or exists (select from area_cell a
            where a.area_id = g.area_id and a.cell_id = c.cell_id and a.valid @> moment))
    where c.case_id = of_case and g.person_id <> all(c.handler_ids)
        and not exists (select from role_grant h where h.person_id = g.person_id
            and h.role in ('unit_manager', 'unit_worker') and h.unit_id = c.handling_unit_id
            and h.valid @> moment)
$$;

-- A step that is taken back takes the clocks it started with it.
create policy case_clock_undo on case_clock for delete to cityward_service
    using (cityward_works_case(case_id));
