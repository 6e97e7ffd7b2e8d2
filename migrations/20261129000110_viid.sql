-- Cameras that speak GA/T 1400: in whose name devices register, and which are registered.
create type coordinate_system as enum ('wgs84', 'gcj02');
comment on type coordinate_system is 'What a platform''s longitudes and latitudes are in';

create table viid_access (
    platform_id  integer not null,
    username     text not null,
    -- H(username:realm:password) of RFC 7616: what digest authentication is checked with. Whoever reads it
    -- can register in the platform's name here, and learns no password
    ha1_md5      bytea not null,
    ha1_sha256   bytea not null,
    coordinates  coordinate_system not null,
    -- when the password was made
    set_at       timestamptz not null,
    constraint viid_access_pk primary key (platform_id),
    constraint viid_access_platform_fk foreign key (platform_id) references platform (platform_id),
    constraint viid_access_username_once unique (username),
    constraint viid_access_username_form check (username ~ '^[A-Za-z0-9_.@-]{1,64}$'),
    constraint viid_access_length check (octet_length(ha1_md5) = 16 and octet_length(ha1_sha256) = 32)
);
comment on table viid_access is 'With what a platform''s devices register in the view library';

create table viid_device (
    device_id      text not null,
    platform_id    integer not null,
    -- all null: not registered
    address        text,
    registered_at  timestamptz,
    alive_at       timestamptz,
    taken          bigint not null default 0,
    refused        bigint not null default 0,
    -- why the last picture was refused
    last_refusal   text,
    constraint viid_device_pk primary key (device_id),
    constraint viid_device_platform_fk foreign key (platform_id) references platform (platform_id),
    constraint viid_device_form check (device_id ~ '^[0-9]{20}$'),
    constraint viid_device_whole check (num_nonnulls(address, registered_at, alive_at) in (0, 3))
);
create index viid_device_platform on viid_device (platform_id);
comment on table viid_device is 'Devices and platforms that registered in the view library, and what came of their pictures';

create table viid_camera (
    camera_id    text not null,
    platform_id  integer not null,
    -- the platform took it out; what it saw stays
    removed_at   timestamptz,
    constraint viid_camera_pk primary key (camera_id),
    constraint viid_camera_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint viid_camera_platform_fk foreign key (platform_id) references platform (platform_id)
);
comment on table viid_camera is 'Cameras that a platform made known as APE';
