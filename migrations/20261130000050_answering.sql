-- Who answers for a class or a group on a cell, at a moment: by the rule for it, for its group, or for
-- whatever has no rule of its own; no row: nobody. Article 12. Plain enough that whoever asks it in a
-- FROM has it planned as part of their own query.
create function answering(cell integer, about text, at timestamptz) returns setof responsibility
language sql stable parallel safe as $$
    select r.* from responsibility r
    where r.cell_id = cell and r.classes in (about, left(about, 3), '') and r.valid @> at
    order by length(r.classes) desc limit 1
$$;
