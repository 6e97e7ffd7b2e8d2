-- Whose ground it is: cells, components, and who is responsible for what, when.
-- Geometry is WGS 84 lon/lat (EPSG:4326); columns in metres end in _m, square metres in _m2.

create table edition (
    edition_id    integer generated always as identity,
    note          text not null,
    source        text not null,
    published_at  timestamptz not null default now(),
    constraint edition_pk primary key (edition_id)
);
comment on table edition is 'A publication of cells and responsibilities; answers cite it';

create table cell (
    cell_id     integer generated always as identity,
    code        text not null,
    name        text not null default '',
    geom        geometry(MultiPolygon, 4326) not null,
    area_m2     double precision generated always as (st_area(geom::geography)) stored,
    edition_id  integer not null,
    source_id   text,
    valid       tstzrange not null default tstzrange(now(), null),
    constraint cell_pk primary key (cell_id),
    constraint cell_edition_fk foreign key (edition_id) references edition (edition_id),
    -- 6 division + 3 street + 3 community + 3 sequence (GB/T 30428.1)
    constraint cell_code_form check (code ~ '^[0-9]{15}$'),
    constraint cell_code_once exclude using gist (code with =, valid with &&),
    constraint cell_geom_valid check (st_isvalid(geom) and not st_isempty(geom))
);
create index cell_geom_idx on cell using gist (geom);
comment on table cell is 'Unit grid cells (单元网格); never edited in place, an old one gets an end';

create type area_kind as enum ('responsibility', 'supervision');

create table area (
    area_id  integer generated always as identity,
    kind     area_kind not null,
    name_zh  text not null,
    name_en  text not null,
    unit_id  integer,
    constraint area_pk primary key (area_id),
    constraint area_unit_fk foreign key (unit_id) references unit (unit_id)
);
comment on table area is 'Sets of cells given to one team (责任网格, 监督网格)';

create table area_cell (
    area_id  integer not null,
    kind     area_kind not null,
    cell_id  integer not null,
    valid    tstzrange not null default tstzrange(now(), null),
    constraint area_cell_area_fk foreign key (area_id) references area (area_id),
    constraint area_cell_cell_fk foreign key (cell_id) references cell (cell_id),
    constraint area_cell_once exclude using gist (cell_id with =, kind with =, valid with &&)
);
comment on table area_cell is 'A cell is in at most one area of a kind at a time';

-- Who is responsible for (cell, class) at a moment. class_code null: every class that has
-- no rule of its own in that cell.
create table responsibility (
    responsibility_id  integer generated always as identity,
    cell_id            integer not null,
    class_code         text,
    unit_id            integer not null,
    edition_id         integer not null,
    valid              tstzrange not null default tstzrange(now(), null),
    constraint responsibility_pk primary key (responsibility_id),
    constraint responsibility_cell_fk foreign key (cell_id) references cell (cell_id),
    constraint responsibility_class_fk foreign key (class_code) references class (code),
    constraint responsibility_unit_fk foreign key (unit_id) references unit (unit_id),
    constraint responsibility_edition_fk foreign key (edition_id) references edition (edition_id),
    constraint responsibility_valid check (not isempty(valid)),
    constraint responsibility_one_unit exclude using gist
        (cell_id with =, coalesce(class_code, '') with =, valid with &&)
);
comment on table responsibility is 'One responsible unit per (cell, class) at any moment; the database refuses a second';

create type component_state as enum ('good', 'damaged', 'missing', 'abandoned', 'removed');

create table component (
    component_id         bigint generated always as identity,
    class_code           text not null,
    code                 text,
    name                 text not null default '',
    geom                 geometry(Geometry, 4326) not null,
    -- the one point the component is found at
    anchor               geometry(Point, 4326) generated always as (st_pointonsurface(geom)) stored,
    state                component_state not null default 'good',
    owner_unit_id        integer,
    competent_unit_id    integer,
    maintenance_unit_id  integer,
    source               text not null,
    source_id            text,
    surveyed_on          date,
    attributes           jsonb not null default '{}',
    updated_at           timestamptz not null default now(),
    constraint component_pk primary key (component_id),
    constraint component_class_fk foreign key (class_code) references class (code),
    constraint component_class_is_component check (class_code ~ '^[CP]'),
    constraint component_owner_fk foreign key (owner_unit_id) references unit (unit_id),
    constraint component_competent_fk foreign key (competent_unit_id) references unit (unit_id),
    constraint component_maintenance_fk foreign key (maintenance_unit_id) references unit (unit_id),
    -- 16 digits in the 2013 edition, 17 in the 2026 edition
    constraint component_code_form check (code ~ '^[0-9]{16,17}$'),
    constraint component_code_once unique (code),
    constraint component_source_once unique (source, source_id),
    constraint component_geom_kind check (not st_isempty(geom) and geometrytype(geom) in
        ('POINT', 'LINESTRING', 'POLYGON', 'MULTILINESTRING', 'MULTIPOLYGON'))
);
create index component_geom_idx on component using gist (geom);
create index component_anchor_idx on component using gist (anchor);
create index component_class_idx on component (class_code);
comment on table component is 'Managed components (部件), GB/T 47678.5-2026 table 2';

-- The offline base map.
create type basemap_kind as enum ('street', 'building', 'water', 'green');

create table basemap (
    basemap_id  bigint generated always as identity,
    kind        basemap_kind not null,
    -- street: major, minor, service, path; others: empty
    rank        text not null default '',
    name        text not null default '',
    name_en     text not null default '',
    geom        geometry(Geometry, 4326) not null,
    source      text not null,
    constraint basemap_pk primary key (basemap_id),
    constraint basemap_rank check (rank in ('', 'major', 'minor', 'service', 'path'))
);
create index basemap_geom_idx on basemap using gist (geom);

-- Rings the bell for processes that hold the territory in memory. One bell per statement.
create function ring_territory() returns trigger language plpgsql as $$
begin
    perform pg_notify('territory', tg_table_name);
    return null;
end $$;

create trigger cell_bell after insert or update or delete or truncate on cell
    for each statement execute function ring_territory();
create trigger responsibility_bell after insert or update or delete or truncate on responsibility
    for each statement execute function ring_territory();
create trigger component_bell after insert or update or delete or truncate on component
    for each statement execute function ring_territory();
create trigger unit_bell after insert or update or delete or truncate on unit
    for each statement execute function ring_territory();
create trigger basemap_bell after insert or update or delete or truncate on basemap
    for each statement execute function ring_territory();
