-- Which cases an edition moved is asked of the record.
create index case_event_rehomed_idx on case_event (((detail ->> 'edition_id')::integer))
    where action = 'rehome';
create index cell_edition_idx on cell (edition_id);
create index cell_ended_edition_idx on cell (ended_edition_id) where ended_edition_id is not null;
create index cell_lineage_edition_idx on cell_lineage (edition_id);
create index responsibility_edition_idx on responsibility (edition_id);
create index responsibility_ended_edition_idx on responsibility (ended_edition_id)
    where ended_edition_id is not null;
