-- What was seen, and what became of it.

create type case_state as enum ('reported');
create type case_source as enum ('camera');

create table city_case (
    case_id         bigint generated always as identity,
    class_code      text not null,
    state           case_state not null default 'reported',
    source          case_source not null,
    location        geometry(Point, 4326) not null,
    -- 95 % error ellipse of the location
    semi_major_m    double precision not null,
    semi_minor_m    double precision not null,
    bearing_deg     double precision not null,
    cell_id         integer not null,
    component_id    bigint,
    unit_id         integer,
    edition_id      integer not null,
    -- why it is whose: see territory::Because
    because         jsonb not null,
    camera_id       text,
    first_seen_at   timestamptz not null,
    last_seen_at    timestamptz not null,
    sighting_count  integer not null,
    opened_at       timestamptz not null,
    version         integer not null default 1,
    constraint city_case_pk primary key (case_id),
    constraint city_case_class_fk foreign key (class_code) references class (code),
    constraint city_case_cell_fk foreign key (cell_id) references cell (cell_id),
    constraint city_case_component_fk foreign key (component_id) references component (component_id),
    constraint city_case_unit_fk foreign key (unit_id) references unit (unit_id),
    constraint city_case_edition_fk foreign key (edition_id) references edition (edition_id),
    constraint city_case_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint city_case_seen check (first_seen_at <= last_seen_at and sighting_count > 0),
    constraint city_case_ellipse check (semi_major_m >= semi_minor_m and semi_minor_m >= 0)
);
create index city_case_location_idx on city_case using gist (location);
create index city_case_component_idx on city_case (component_id) where component_id is not null;
comment on table city_case is 'Cases (案件)';

-- One line of the queue, one mark on the map.
create view case_row as
select c.case_id, c.class_code, c.state, c.source, c.location, c.cell_id, cell.code as cell_code,
    c.component_id, c.unit_id, unit.name_zh as unit_name_zh, unit.name_en as unit_name_en,
    c.camera_id, c.first_seen_at, c.last_seen_at, c.sighting_count, c.opened_at, c.version
from city_case c
join cell using (cell_id)
left join unit using (unit_id);

create table case_evidence (
    evidence_id     bigint generated always as identity,
    case_id         bigint not null,
    frame_id        uuid not null,
    camera_id       text not null,
    captured_at     timestamptz not null,
    image_sha256    bytea not null,
    image_width_px  integer not null,
    image_height_px integer not null,
    -- pixels of the stored image, origin top left
    box_left        real not null,
    box_top         real not null,
    box_right       real not null,
    box_bottom      real not null,
    confidence      real not null,
    model_name      text not null,
    model_version   text not null,
    calibration_id  integer not null,
    location        geometry(Point, 4326) not null,
    constraint case_evidence_pk primary key (evidence_id),
    constraint case_evidence_case_fk foreign key (case_id) references city_case (case_id),
    constraint case_evidence_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint case_evidence_calibration_fk foreign key (calibration_id) references calibration (calibration_id),
    constraint case_evidence_sha256_length check (octet_length(image_sha256) = 32),
    constraint case_evidence_box check (box_left < box_right and box_top < box_bottom),
    constraint case_evidence_confidence check (confidence > 0 and confidence <= 1)
);
create index case_evidence_case_idx on case_evidence (case_id, captured_at);
comment on table case_evidence is 'Frames kept for a case; the image itself is a file named by its sha-256';

create type case_event_kind as enum ('opened', 'seen_again');

create table case_event (
    event_id   bigint generated always as identity,
    case_id    bigint not null,
    kind       case_event_kind not null,
    at         timestamptz not null,
    actor      text not null,
    detail     jsonb not null,
    constraint case_event_pk primary key (event_id),
    constraint case_event_case_fk foreign key (case_id) references city_case (case_id)
);
create index case_event_case_idx on case_event (case_id, event_id);
comment on table case_event is 'Append-only history of a case';

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger case_event_append_only before update or delete or truncate on case_event
    for each statement execute function refuse_change();
create trigger case_evidence_append_only before update or delete or truncate on case_evidence
    for each statement execute function refuse_change();
