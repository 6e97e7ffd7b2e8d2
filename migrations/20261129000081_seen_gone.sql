-- A camera that does not find any more what a case is about says so in its history, with a picture.
alter table case_evidence
    add column gone boolean not null default false,
    drop constraint case_evidence_confidence,
    add constraint case_evidence_confidence check (
        confidence <= 1 and (confidence > 0 or gone and confidence = 0));
comment on column case_evidence.gone is 'The picture shows that it is not there any more';

-- As before; that a camera sees something go is, like that it sees it again, nobody's decision.
create or replace function cityward_beside_cases(asks jsonb, places integer[], cases city_case[],
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
                and action not in ('seen_again', 'seen_gone', 'deliver', 'warned', 'breached', 'escalated')
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
