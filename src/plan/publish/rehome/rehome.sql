-- Open cases in cells that an edition ended, and cases nobody was sent to in cells whose
-- responsibility it changed. $1: the edition.
with ground as (
    -- the cell each case lies in now
    select c.case_id, coalesce(child.cell_id, c.cell_id) as cell_id
    from city_case c
    join cell old on old.cell_id = c.cell_id
    left join lateral (
        select n.cell_id from cell_lineage l join cell n on n.cell_id = l.child_id
        -- a place on a border, or beside one by rounding: about a centimetre, in degrees
        where l.parent_id = c.cell_id and l.edition_id = $1
            and st_dwithin(n.geom, c.location, 1e-7)
        order by st_distance(n.geom, c.location), n.cell_id limit 1
    ) as child on old.ended_edition_id = $1
    where c.ended_at is null and (
        old.ended_edition_id = $1
        or old.valid @> now() and exists (select from responsibility r
            where r.cell_id = c.cell_id and (r.edition_id = $1 or r.ended_edition_id = $1)))
), owned as (
    select ground.case_id, ground.cell_id, cell.code,
        c.handling_unit_id is null as waits,
        -- its unit is the one that the ground before named, or did before that unit ended: neither a
        -- component's own unit nor a decision of somebody
        c.handling_unit_id is null
            and (c.unit_id is not distinct from before.unit_id
                or coalesce(c.unit_id = named.unit_id, false))
            and coalesce(c.route #>> '{because,rule}', c.because ->> 'rule', 'none')
                not in ('component_maintenance', 'component_owner', 'rule', 'precedent') as follows,
        duty.*
    from ground
    join city_case c using (case_id)
    join cell on cell.cell_id = ground.cell_id
    join edition on edition.edition_id = $1
    -- also by a rule that goes on: one for the class or its group may have begun before it
    left join lateral answering(c.cell_id, c.class_code,
        edition.published_at - interval '1 microsecond') as before on true
    left join lateral (
        select r.unit_id from responsibility r
        where r.cell_id = c.cell_id and r.classes in (c.class_code, left(c.class_code, 3), '')
            and r.valid @> edition.published_at - interval '1 microsecond'
        order by length(r.classes) desc limit 1
    ) as named on true
    left join lateral (
        select r.responsibility_id, r.unit_id, r.edition_id, r.classes
        from responsibility r
        join unit u on u.unit_id = r.unit_id and coalesce(upper(u.valid) > now(), true)
        where r.cell_id = ground.cell_id
            and r.classes in (c.class_code, left(c.class_code, 3), '')
            -- of a cell that has ended, too, as it was: the case goes on from there with the next edition
            and case when cell.valid @> now() then r.valid @> now()
                else r.ended_edition_id = cell.ended_edition_id end
        order by length(r.classes) desc limit 1
    ) as duty on true
), planned as (
    select o.case_id, o.cell_id,
        case when follows then o.unit_id else c.unit_id end as unit_id,
        case when follows then coalesce(o.edition_id, $1) else c.edition_id end as edition_id,
        case when not waits then c.because
            when not follows then c.because || jsonb_build_object('cell_code', o.code)
            else jsonb_strip_nulls(jsonb_build_object(
                'rule', case when o.responsibility_id is null then 'none'
                    when o.classes = '' then 'cell_default'
                    when length(o.classes) = 3 then 'cell_group' else 'cell_class' end,
                'edition', (select jsonb_build_object('id', e.edition_id, 'note', note,
                        'published_at', published_at)
                    from edition e where e.edition_id = coalesce(o.edition_id, $1)),
                'responsibility_id', o.responsibility_id,
                'cell_code', o.code,
                'class', c.class_code)) end as because,
        case when not follows then c.route end as route
    from owned o join city_case c using (case_id)
    where (o.cell_id, case when follows then o.unit_id else c.unit_id end)
        is distinct from (c.cell_id, c.unit_id)
), locked as (
    select c.case_id, c.cell_id, c.unit_id, c.edition_id
    from city_case c join planned using (case_id)
    order by c.case_id for no key update of c
)
update city_case c
set cell_id = p.cell_id, unit_id = p.unit_id, edition_id = p.edition_id, because = p.because,
    route = p.route, version = version + 1, written_version = written_version + 1,
    -- whoever looks at the case looks again only where it is another unit's
    acted_version = case when p.unit_id is distinct from c.unit_id then version + 1
        else acted_version end
from planned p join locked using (case_id)
where c.case_id = p.case_id and c.ended_at is null
returning c.case_id, locked.unit_id as from_unit, c.unit_id as to_unit, c.version,
    jsonb_build_object('cell_id', locked.cell_id, 'unit_id', locked.unit_id,
        'edition_id', locked.edition_id) as before,
    jsonb_build_object('cell_id', c.cell_id, 'unit_id', c.unit_id,
        'edition_id', c.edition_id) as after
