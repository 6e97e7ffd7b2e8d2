-- A unit that has ended answers for nothing: what its rules were for falls to the rule for the group, or
-- for whatever has no rule of its own. When a unit began does not count: records of units begin when
-- they are written, and editions of years ago are taken over with them. Article 12.
create or replace function answering(cell integer, about text, at timestamptz)
returns setof responsibility language sql stable parallel safe as $$
    select r.* from responsibility r join unit u on u.unit_id = r.unit_id
    where r.cell_id = cell and r.classes in (about, left(about, 3), '') and r.valid @> at
        and coalesce(upper(u.valid) > at, true)
    order by length(r.classes) desc limit 1
$$;
-- what a unit that ends has
create index responsibility_unit_idx on responsibility (unit_id);
