-- Who may push frames, and from where a camera looks at the ground.

create table platform (
    platform_id   integer generated always as identity,
    name          text not null,
    -- sha-256 of the bearer token; the token itself is shown once and never stored
    token_sha256  bytea not null,
    created_at    timestamptz not null default now(),
    revoked_at    timestamptz,
    constraint platform_pk primary key (platform_id),
    constraint platform_name_once unique (name),
    constraint platform_token_once unique (token_sha256),
    constraint platform_token_length check (octet_length(token_sha256) = 32)
);
comment on table platform is 'Camera video platforms (machines) that push frames';

create table camera (
    camera_id    text not null,
    platform_id  integer,
    name_zh      text not null,
    name_en      text not null,
    location     geometry(Point, 4326) not null,
    height_m     double precision,
    source       text not null default 'api',
    created_at   timestamptz not null default now(),
    constraint camera_pk primary key (camera_id),
    constraint camera_platform_fk foreign key (platform_id) references platform (platform_id),
    constraint camera_id_form check (camera_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    constraint camera_height check (height_m > 0 and height_m < 1000)
);

create table calibration (
    calibration_id    integer generated always as identity,
    camera_id         text not null,
    version           integer not null,
    image_width_px    integer not null,
    image_height_px   integer not null,
    -- [{"x": px, "y": px, "lon": deg, "lat": deg}, ...], at least four
    pairs             jsonb not null,
    -- what this camera's sightings are believed in; points outside are dropped
    ground            geometry(Polygon, 4326) not null,
    -- leave-one-out median error; null with four pairs, where it does not exist
    error_loo_m       double precision,
    created_at        timestamptz not null default now(),
    constraint calibration_pk primary key (calibration_id),
    constraint calibration_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint calibration_version_once unique (camera_id, version),
    constraint calibration_pairs_count check (jsonb_array_length(pairs) >= 4),
    constraint calibration_image check (image_width_px > 0 and image_height_px > 0)
);
comment on table calibration is 'Pixel/ground pairs of a camera; never changed, a new version is added';

-- Rings the bell for processes that hold the cameras in memory. One bell per statement.
create function ring_camera() returns trigger language plpgsql as $$
begin
    perform pg_notify('camera', tg_table_name);
    return null;
end $$;

create trigger camera_bell after insert or update or delete or truncate on camera
    for each statement execute function ring_camera();
create trigger calibration_bell after insert or update or delete or truncate on calibration
    for each statement execute function ring_camera();
