-- Ground that a cell has from nobody (came), or left to nobody when it ended. What cells have from each
-- other is in cell_lineage.
create table cell_outside (
    cell_id     integer not null,
    edition_id  integer not null,
    came        boolean not null,
    area_m2     double precision not null,
    constraint cell_outside_pk primary key (cell_id, came),
    constraint cell_outside_cell_fk foreign key (cell_id) references cell (cell_id),
    constraint cell_outside_edition_fk foreign key (edition_id) references edition (edition_id),
    constraint cell_outside_area check (area_m2 > 0)
);
create index cell_outside_edition_idx on cell_outside (edition_id);
create trigger cell_outside_append_only before update or delete or truncate on cell_outside
    for each statement execute function refuse_change();
comment on table cell_outside is 'Ground new to the city and given up by it';
revoke update, delete on cell_outside from cityward_service, cityward_machine;
